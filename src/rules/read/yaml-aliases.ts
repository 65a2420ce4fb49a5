/** What aliases make of a YAML document in SnakeYAML, and what weir does not follow. */
import { type Document, isAlias, isCollection, isNode, isPair, isSeq, type Node, visit } from 'yaml';

/** SnakeYAML's LoaderOptions refuse more aliases of lists and maps (maxAliasesForCollections). */
const MOST_COLLECTIONS = 50;
/** As many as weir follows, of whatever they name: each is looked for among all anchors. */
const MOST_ALIASES = 1000;

/** Why no values are made of a document, with the offset in its text. */
export interface AliasFault {
  readonly reason: string;
  readonly offset: number;
}

/**
 * Finds the alias for which no values are made of a document; null where there is none. A short text can name lists of
 * lists so often that no memory would hold its values: SnakeYAML counts, and so does weir. Follows no alias itself.
 */
export function aliasFault(document: Document): AliasFault | null {
  const found = aliasesOf(document);
  return 'reason' in found ? found : null;
}

/** Puts what aliases name in their place, so that a reader of nodes meets none. Returns the fault of a document that has one. */
export function followAliases(document: Document): AliasFault | null {
  const found = aliasesOf(document);
  if ('reason' in found) return found;
  for (const { named, key, parent } of found.aliases) {
    if (isSeq(parent) && typeof key === 'number') parent.items[key] = named;
    else if (isPair(parent) && (key === 'key' || key === 'value')) parent[key] = named;
  }
  return null;
}

interface FoundAlias {
  readonly named: Node;
  readonly key: unknown;
  readonly parent: unknown;
}

function aliasesOf(document: Document): AliasFault | { readonly aliases: readonly FoundAlias[] } {
  const anchors = new Map<string, Node>();
  const aliases: FoundAlias[] = [];
  const faults: AliasFault[] = [];
  let collections = 0;
  visit(document, (key, node, path) => {
    if (!isNode(node)) return undefined;
    if (!isAlias(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      return undefined;
    }
    const named = anchors.get(node.source);
    if (isCollection(named)) collections += 1;
    const reason = faultOf(node.source, named, path, { collections, aliases: aliases.length + 1 });
    if (reason !== null) {
      faults.push({ reason, offset: node.range?.[0] ?? 0 });
      return visit.BREAK;
    }
    if (named !== undefined) aliases.push({ named, key, parent: path.at(-1) });
    return undefined;
  });
  return faults[0] ?? { aliases };
}

function faultOf(
  name: string,
  named: Node | undefined,
  path: readonly unknown[],
  count: { readonly aliases: number; readonly collections: number },
): string | null {
  if (named === undefined) return `*${name} names nothing`;
  if (path.includes(named)) return `*${name} stands inside of what it names`;
  if (count.collections > MOST_COLLECTIONS)
    return `it has more than ${MOST_COLLECTIONS} aliases of lists and maps, which SnakeYAML refuses`;
  return count.aliases > MOST_ALIASES ? `it has more than ${MOST_ALIASES} aliases, more than weir follows` : null;
}
