/** YAML documents as SnakeYAML reads them. */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments, type Scalar } from 'yaml';
import { aliasFault } from '../read/yaml-aliases.ts';
import { readPrintedYaml } from './printed-yaml.ts';
import { floatOf, integerOf, plainValue, YamlDouble, YamlInteger, type YamlValue } from './yaml-scalar.ts';

/** Result of `readYamlDocuments`: the documents, or why a Java reader refuses the text. */
export type YamlReading =
  | { readonly ok: true; readonly documents: readonly YamlValue[] }
  | { readonly ok: false; readonly reason: string; readonly line: number };

/** SnakeYAML's LoaderOptions refuse longer texts (codePointLimit). */
const SNAKE_LIMIT = 3 * 1024 * 1024;

/**
 * Reads a text as SnakeYAML 2 with its SafeConstructor does: YAML 1.1 scalars, so `yes` is true, `012` is 10 and `6` is
 * an integer while `6.0` is a double. Measured on the copy that Dubbo 3.3.6 uses.
 */
export function readYamlDocuments(text: string): YamlReading {
  if (text.length > SNAKE_LIMIT) return { ok: false, reason: `longer than ${SNAKE_LIMIT} characters`, line: 1 };
  const printed = readPrintedYaml(text);
  return printed === null ? readWholeYaml(text) : { ok: true, documents: printed };
}

/** Reads every form of YAML, those that weir prints among them. */
export function readWholeYaml(text: string): YamlReading {
  const documents: YamlValue[] = [];
  // Counting lines takes a third of the time, and only errors have a use for them.
  for (const document of parseAllDocuments(text, { ...YAML_OPTIONS, prettyErrors: false })) {
    if (document.errors.length > 0) return refusalOf(text);
    const fault = aliasFault(document);
    if (fault !== null)
      return { ok: false, reason: fault.reason, line: text.slice(0, fault.offset).split('\n').length };
    try {
      documents.push(readNode(document.contents, { document, made: new Map() }));
    } catch (error) {
      if (error instanceof NotConstructed) return { ok: false, reason: error.message, line: 1 };
      throw error;
    }
  }
  return { ok: true, documents };
}

// SnakeYAML takes a key twice, and the last value counts.
const YAML_OPTIONS = { version: '1.1', schema: 'failsafe', uniqueKeys: false } as const;

/** SnakeYAML parses the text, and makes no objects of it. */
class NotConstructed extends Error {}

/** Why a text is no YAML, with its line. */
function refusalOf(text: string): YamlReading {
  const [error] = parseAllDocuments(text, YAML_OPTIONS).flatMap(({ errors }) => errors);
  return { ok: false, reason: error?.message ?? 'it is no YAML', line: error?.linePos?.[0].line ?? 1 };
}

interface Reading {
  readonly document: Document;
  /** What aliases name, made once each: lists of the same list would be made without end. */
  readonly made: Map<Node, YamlValue>;
}

function readNode(raw: Node | null | undefined, inside: Reading): YamlValue {
  if (!isAlias(raw)) return readPlain(raw, inside);
  const named = raw.resolve(inside.document);
  if (named === undefined) return null;
  const made = inside.made.get(named) ?? readPlain(named, inside);
  inside.made.set(named, made);
  return made;
}

function readPlain(node: Node | null | undefined, inside: Reading): YamlValue {
  if (node === null || node === undefined) return null;
  requireKnownTag(node.tag);
  if (isScalar(node)) return scalarValue(node);
  if (isSeq(node)) return node.items.map((item) => readNode(item as Node, inside));
  if (!isMap(node)) return null;
  const map = new Map<string, YamlValue>();
  const merged: (readonly [string, YamlValue])[] = [];
  for (const pair of node.items) {
    const [key, value] = [pair.key as Node, readNode(pair.value as Node | null, inside)];
    if (isScalar(key) && key.type === 'PLAIN' && key.source === '<<') merged.push(...mergedFields(value));
    else map.set(keyText(readNode(key, inside)), value);
  }
  // A map's own keys count before merged ones, and of those the first.
  for (const [key, value] of merged) if (!map.has(key)) map.set(key, value);
  return map;
}

function mergedFields(value: YamlValue): (readonly [string, YamlValue])[] {
  const maps = Array.isArray(value) ? (value as readonly YamlValue[]) : [value];
  return maps.flatMap((map) => {
    if (map instanceof Map) return [...(map as ReadonlyMap<string, YamlValue>)];
    throw new NotConstructed('`<<` merges something that is no map');
  });
}

const TAGS = 'tag:yaml.org,2002:';

function requireKnownTag(tag: string | undefined): void {
  if (tag !== undefined && tag !== '!' && !tag.startsWith(TAGS))
    throw new NotConstructed(`nothing is known of the tag ${tag}`);
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
  return plainValue(text);
}
