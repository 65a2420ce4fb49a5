/** The parts of a node of the tree, for nodes of all kinds. */

/** A node: anything with a kind and a place. */
export interface TreeNode {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

/** Whether a value is a node. */
export function isNode(value: unknown): value is TreeNode {
  return typeof value === 'object' && value !== null && 'kind' in value && 'start' in value;
}

/** Nodes directly inside of a node, also those in lists, arguments, entries and cases, in order. */
export function childrenOf(node: object): TreeNode[] {
  const found: TreeNode[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (isNode(value) && !WRAPPERS.has(value.kind)) found.push(value);
    else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) visit(part);
  };
  for (const part of Object.values(node)) visit(part);
  return found;
}

// Arguments have a kind as nodes have, but are none.
const WRAPPERS = new Set(['positional', 'spread', 'named', 'map-spread']);
