/** Takes secrets out of texts of any kind: YAML, JSON, logs, rules, command lines. */

/** What stands where a secret was. */
export const REDACTED = '[redacted]';

/** Names whose values are secrets, as keys of YAML and JSON, as variables, flags and parts of a URL's query. */
const NAME =
  '[\\w.-]{0,40}(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|authorization|cookie|signature|jwt)[\\w.-]{0,40}';
/** Names that hold such a word and no secret. */
const HARMLESS =
  /^(?:password[-_]?file|token[-_]?file|secret[-_]?name|secret[-_]?ref|tokens?[-_]?(?:limit|count|per[-_]?fill)|max[-_]?tokens)$/i;

/** Shorter values are too common to be looked for elsewhere. */
const LEAST_LEARNED = 6;

/** A value of JSON or YAML on one line, quoted or plain. */
const PAIR = new RegExp(
  `((?:"|')?(${NAME})(?:"|')?\\s*[:=]\\s*)("(?:[^"\\\\]|\\\\.)*"|'[^']*'|[^\\s,;&}\\]"'|>][^\\s,;&}\\]]*)`,
  'gi',
);
/** A value of YAML on the indented lines below its key. */
const BLOCK = new RegExp(
  `^([ \\t]*)((?:"|')?(${NAME})(?:"|')?:[ \\t]*[|>][+-]?\\d*[ \\t]*)\\n((?:\\1[ \\t]+[^\\n]*(?:\\n|$)|[ \\t]*\\n)*)`,
  'gim',
);
/** Everything below a key `env:` or `environment:`: what an operator gives to a process is his. */
const ENVIRONMENT = /^([ \t]*)((?:"|')?env(?:ironment)?(?:"|')?:[ \t]*)\n((?:\1[ \t]+[^\n]*(?:\n|$))+)/gim;
const ENVIRONMENT_FLOW = /((?:"|')?\benv(?:ironment)?(?:"|')?\s*:\s*)\{[^{}]*\}/gi;

const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  // The account of a URL; the host stays.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@"']+@/gi, `$1${REDACTED}@`],
  [/\b(Bearer|Basic|Digest)\s+[A-Za-z0-9+/=._~-]{6,}/gi, `$1 ${REDACTED}`],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*/g, REDACTED],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
  [/\b(?:ghp|gho|ghs|glpat|xox[abp])[-_][A-Za-z0-9-_]{10,}/g, REDACTED],
];
/** A flag and its value as two words. */
const FLAG = new RegExp(`(--?${NAME})(\\s+|"\\s*,\\s*")([^\\s",-][^\\s",]*)`, 'gi');

/** Learns secrets by their names in one text, so that they are found in others where nothing names them. */
export class Redactor {
  readonly #known = new Set<string>();

  /** Reads a text for values that its names call secret. */
  learn(text: string): void {
    this.#redact(text, (value) => this.know(value));
  }

  /** A value that is secret wherever it stands, such as the content of a password file. */
  know(value: string): void {
    const bare = value.trim().replace(/^(["'])(.*)\1$/s, '$2');
    if (bare.length >= LEAST_LEARNED && !/^\[redacted\]$|^(?:true|false|null|[0-9]+)$/.test(bare))
      this.#known.add(bare);
  }

  /** The text without secrets. */
  clean(text: string): string {
    const cleaned = this.#redact(text, () => {});
    // The longest first: one secret may begin with another.
    const known = [...this.#known].sort((a, b) => b.length - a.length);
    return known.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), cleaned);
  }

  #redact(text: string, found: (value: string) => void): string {
    const block = text.replace(BLOCK, (all, indent: string, head: string, name: string, body: string) => {
      if (HARMLESS.test(name)) return all;
      for (const line of body.split('\n')) found(line);
      return `${indent}${head.replace(/[|>].*$/, '')}${REDACTED}\n`;
    });
    const environment = block
      .replace(ENVIRONMENT, (_all, indent: string, head: string, body: string) => {
        for (const [, value = ''] of body.matchAll(/[:=]\s*(.+)$/gm)) found(value);
        return `${indent}${head}${REDACTED}\n`;
      })
      .replace(ENVIRONMENT_FLOW, (all, head: string) => {
        for (const [, value = ''] of all.matchAll(/[:=]\s*("[^"]*"|[^,{}]+)/g)) found(value);
        return `${head}"${REDACTED}"`;
      });
    const shaped = SHAPES.reduce((rest, [shape, instead]) => rest.replace(shape, instead), environment);
    return shaped
      .replace(PAIR, (all, head: string, name: string, value: string) => {
        if (HARMLESS.test(name) || value.includes(REDACTED) || /^(?:true|false|null|[{[]|[0-9]{1,5}$)/.test(value))
          return all;
        found(value);
        const quote = /^["']/.exec(value)?.[0] ?? '';
        return `${head}${quote}${REDACTED}${quote}`;
      })
      .replace(FLAG, (all, flag: string, between: string, value: string) => {
        if (HARMLESS.test(flag.replace(/^-+/, '')) || value.startsWith('[')) return all;
        found(value);
        return `${flag}${between}${REDACTED}`;
      });
  }
}
