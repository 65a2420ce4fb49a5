/** YAML values with the Java classes that SnakeYAML gives them. */
import { isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments, type Scalar } from 'yaml';

/** A YAML integer as SnakeYAML makes it: an Integer or Long, never a Double. */
export class YamlInteger {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A YAML float as SnakeYAML makes it: a Double. */
export class YamlDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A YAML timestamp: a Date in Java, which no field of a mesh rule takes. */
export class YamlDate {}

/** A value as a YAML 1.1 reader in Java sees it: integers and floats are different classes. */
export type YamlValue =
  | null
  | string
  | boolean
  | YamlInteger
  | YamlDouble
  | YamlDate
  | readonly YamlValue[]
  | ReadonlyMap<string, YamlValue>;

/** Result of `readYamlDocuments`: the documents, or why a Java reader refuses the text. */
export type YamlReading =
  | { readonly ok: true; readonly documents: readonly YamlValue[] }
  | { readonly ok: false; readonly reason: string; readonly line: number };

const INTEGER = /^[-+]?(?:0b[0-1_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*)$/;
const FLOAT =
  /^[-+]?(?:(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)$/;
const SPECIAL = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const DATE = /^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::?\d\d)?))?)?$/;
const TRUE = new Set(['yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const FALSE = new Set(['no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);
const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);
/** SnakeYAML's LoaderOptions refuse longer texts (codePointLimit). */
const SNAKE_LIMIT = 3 * 1024 * 1024;

/**
 * Reads a text as SnakeYAML 2 with its SafeConstructor does: YAML 1.1 scalars, so `yes` is true, `012` is 10 and `6` is
 * an integer while `6.0` is a double. Measured on the copy that Dubbo 3.3.6 uses.
 */
export function readYamlDocuments(text: string): YamlReading {
  if (text.length > SNAKE_LIMIT) return { ok: false, reason: `longer than ${SNAKE_LIMIT} characters`, line: 1 };
  const documents: YamlValue[] = [];
  // Counting lines takes a third of the time, and only errors have a use for them.
  for (const document of parseAllDocuments(text, { ...YAML_OPTIONS, prettyErrors: false })) {
    if (document.errors.length > 0) return refusalOf(text);
    documents.push(readNode(document.contents, (node) => (isAlias(node) ? node.resolve(document) : node)));
  }
  return { ok: true, documents };
}

const YAML_OPTIONS = { version: '1.1', schema: 'failsafe', uniqueKeys: true } as const;

/** Why a text is no YAML, with its line. */
function refusalOf(text: string): YamlReading {
  const [error] = parseAllDocuments(text, YAML_OPTIONS).flatMap(({ errors }) => errors);
  return { ok: false, reason: error?.message ?? 'it is no YAML', line: error?.linePos?.[0].line ?? 1 };
}

type Resolve = (node: Node | null | undefined) => Node | null | undefined;

function readNode(raw: Node | null | undefined, resolve: Resolve): YamlValue {
  const node = resolve(raw);
  if (node === null || node === undefined) return null;
  if (isScalar(node)) return scalarValue(node);
  if (isSeq(node)) return node.items.map((item) => readNode(item as Node, resolve));
  if (isMap(node)) {
    const map = new Map<string, YamlValue>();
    for (const pair of node.items) {
      const key = readNode(pair.key as Node, resolve);
      map.set(keyText(key), readNode(pair.value as Node | null, resolve));
    }
    return map;
  }
  return null;
}

// A key that is no string in Java is found by no field name; its text keeps it apart from the real ones.
function keyText(key: YamlValue): string {
  return typeof key === 'string' ? key : `!${String(key)}`;
}

function scalarValue(node: Scalar): YamlValue {
  const text = node.source ?? String(node.value ?? '');
  const tag = node.tag;
  if (tag === 'tag:yaml.org,2002:float') return new YamlDouble(floatOf(text));
  if (tag === 'tag:yaml.org,2002:int') return new YamlInteger(integerOf(text));
  const explicitText = tag === 'tag:yaml.org,2002:str' && node.type === 'PLAIN' && node.srcToken === undefined;
  if (node.type !== 'PLAIN' || explicitText) return String(node.value ?? '');
  if (NULL.has(text)) return null;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  if (INTEGER.test(text)) return new YamlInteger(integerOf(text));
  if (FLOAT.test(text) || SPECIAL.test(text)) return new YamlDouble(floatOf(text));
  if (DATE.test(text)) return new YamlDate();
  return text;
}

function integerOf(text: string): number {
  const bare = text.replaceAll('_', '');
  const sign = bare.startsWith('-') ? -1 : 1;
  const digits = bare.replace(/^[-+]/, '');
  if (digits.includes(':')) return sign * digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  if (/^0[xb]/.test(digits)) return sign * Number(digits);
  if (digits.length > 1 && digits.startsWith('0')) return sign * Number.parseInt(digits, 8);
  return sign * Number(digits);
}

function floatOf(text: string): number {
  const bare = text.replaceAll('_', '').toLowerCase();
  if (bare.endsWith('.nan')) return Number.NaN;
  if (bare.endsWith('.inf')) return bare.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(bare);
}
