/** Finds commands in pages that weir, or the project, does not have: their words and flags are asked of the manifest. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ManManifest } from '../man/man-page.ts';

/** What a page may name. */
export interface KnownCommands {
  /** Flags by command, `sidecar upgrade`. */
  readonly commands: ReadonlyMap<string, ReadonlySet<string>>;
  readonly npmScripts: ReadonlySet<string>;
}

/** The commands of the manifest and the scripts of package.json. */
export function knownCommands(root: string): KnownCommands {
  const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'));
  const manifest: ManManifest = read('oclif.manifest.json');
  const commands = Object.entries(manifest.commands).map(([id, { flags }]) => {
    const names = Object.entries(flags).flatMap(([name, { char }]) => [
      `--${name}`,
      ...(char === undefined ? [] : [`-${char}`]),
    ]);
    return [id.replaceAll(':', ' '), new Set([...names, '--help', '-h'])] as const;
  });
  return { commands: new Map(commands), npmScripts: new Set(Object.keys(read('package.json').scripts)) };
}

/** A line for each command in the code of a page that there is not, or whose flag there is not. */
export function unknownCommands(name: string, page: string, known: KnownCommands): string[] {
  return codeOf(page).flatMap(({ code, line }) =>
    code
      .replace(/(^|\s)#.*$/, '')
      .split(/ [|] |&&|;/)
      .flatMap((part) => faultsOf(part.trim().replace(/^[$] /, ''), known))
      .map((fault) => `${name}:${line}: ${fault}`),
  );
}

/** The lines of code blocks, and the spans of code in text. */
function codeOf(page: string): { code: string; line: number }[] {
  let isBlock = false;
  return page.split('\n').flatMap((text, index) => {
    if (/^ *(```|~~~)/.test(text)) {
      isBlock = !isBlock;
      return [];
    }
    const spans = isBlock
      ? [text]
      : [...text.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll('\\|', '|'));
    return spans.map((code) => ({ code, line: index + 1 }));
  });
}

function faultsOf(code: string, { commands, npmScripts }: KnownCommands): string[] {
  const script = /^npm run ([\w:-]+)/.exec(code)?.[1];
  if (script !== undefined && !npmScripts.has(script)) return [`npm run ${script}: there is no such script`];
  if (!/^weir [a-z]/.test(code)) return [];
  const [, ...words] = code.split(/\s+/);
  return alternativesOf(words).flatMap((line) => faultsOfLine(line, commands));
}

/** `fleet on|off APP` stands for two lines. */
function alternativesOf(words: readonly string[]): string[][] {
  const at = words.findIndex((word) => /^[a-z-]+([|][a-z-]+)+$/.test(word));
  if (at < 0 || words.slice(0, at).some((word) => !/^[a-z-]+$/.test(word))) return [[...words]];
  return (words[at] ?? '').split('|').map((word) => words.with(at, word));
}

function faultsOfLine(words: readonly string[], commands: KnownCommands['commands']): string[] {
  const names = [...commands.keys()];
  const [topic = ''] = words;
  const isTopic = names.some((one) => one.startsWith(`${topic} `));
  const length = [3, 2, 1].find((count) => count <= words.length && commands.has(words.slice(0, count).join(' ')));
  // A topic by itself stands for all of its commands; `sidecar ...` too.
  if (length === undefined) {
    const [, next] = words;
    return isTopic && (next === undefined || !/^[a-z]/.test(next))
      ? []
      : [`weir ${words.join(' ')}: there is no such command`];
  }
  const command = words.slice(0, length).join(' ');
  const flags = words
    .slice(length)
    .flatMap((word) => /^--?[a-z][a-z-]*(?=$|[=,|\]])/.exec(word.replace(/^\[/, ''))?.[0] ?? []);
  return flags
    .filter((flag) => commands.get(command)?.has(flag) !== true)
    .map((flag) => `weir ${command} ${flag}: there is no such flag`);
}
