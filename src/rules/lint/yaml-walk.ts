/** Access to a parsed YAML text by keys, with the place of every node. */
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseAllDocuments, type YAMLMap } from 'yaml';
import { followAliases } from '../read/yaml-aliases.ts';

/** A document of a YAML text with what is needed to say where something stands. */
export interface PlacedDocument {
  readonly root: Node | null;
  readonly placeOf: (node: Node | null | undefined) => { readonly line: number; readonly column: number };
}

/** The documents of a text, or the first syntax error with its place. */
export type PlacedReading =
  | { readonly ok: true; readonly documents: readonly PlacedDocument[] }
  | { readonly ok: false; readonly line: number; readonly column: number; readonly message: string };

/** Parses a YAML 1.1 text and keeps all places. Scalars keep their source, so `6` and `6.0` differ. */
export function readPlacedYaml(text: string): PlacedReading {
  const counter = new LineCounter();
  const documents: PlacedDocument[] = [];
  for (const document of parseAllDocuments(text, {
    version: '1.1',
    schema: 'failsafe',
    lineCounter: counter,
    uniqueKeys: true,
  })) {
    const [error] = document.errors;
    if (error !== undefined) {
      const place = counter.linePos(error.pos[0]);
      return { ok: false, line: place.line, column: place.col, message: error.message.split('\n')[0] ?? '' };
    }
    const fault = followAliases(document);
    if (fault !== null) {
      const { line, col } = counter.linePos(fault.offset);
      return { ok: false, line, column: col, message: fault.reason };
    }
    const placeOf = (node: Node | null | undefined): { line: number; column: number } => {
      const { line, col } = counter.linePos(node?.range?.[0] ?? 0);
      return { line: Math.max(line, 1), column: Math.max(col, 1) };
    };
    documents.push({ root: document.contents as Node | null, placeOf });
  }
  return { ok: true, documents };
}

/** The value of a key in a map, undefined when the node is no map or has no such key. */
export function child(node: Node | null | undefined, key: string): Node | undefined {
  if (!isMap(node)) return undefined;
  return pairOf(node, key)?.value as Node | undefined;
}

/** The keys of a map with their nodes. */
export function entriesOf(
  node: Node | null | undefined,
): { readonly key: string; readonly keyNode: Node; readonly value: Node | null }[] {
  if (!isMap(node)) return [];
  return node.items.map((pair) => ({
    key: String((pair.key as { value?: unknown }).value),
    keyNode: pair.key as Node,
    value: pair.value as Node | null,
  }));
}

/** The items of a list; empty when the node is none. */
export function itemsOf(node: Node | null | undefined): Node[] {
  return isSeq(node) ? (node.items as Node[]) : [];
}

/** The text of a scalar as written, without quotes; undefined for anything else. */
export function textOf(node: Node | null | undefined): string | undefined {
  return isScalar(node) ? String(node.value ?? '') : undefined;
}

/** Whether a scalar stands without quotes. */
export function isPlain(node: Node | null | undefined): boolean {
  return isScalar(node) && node.type === 'PLAIN';
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => (pair.key as { value?: unknown }).value === key);
}
