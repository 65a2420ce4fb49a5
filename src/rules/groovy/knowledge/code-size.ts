/**
 * Bounds of the byte code that Groovy 2.4.21 makes of a body. They were measured on the real compiler with repeated
 * statements of each kind. Each bound has a margin over the measurement.
 */
import type { Statement } from '../syntax/ast.ts';
import { childrenOf, type TreeNode } from './tree-children.ts';

const LEAST = 0.35;
const MOST = 1.3;
/** Bytes by kind of node, beside its parts. */
const BYTES: Readonly<Record<string, number>> = {
  if: 4,
  return: 2,
  declare: 6,
  string: 3,
  number: 4,
  name: 4,
  property: 13,
  call: 17,
  list: 8,
  map: 10,
  gstring: 40,
  ternary: 12,
  elvis: 22,
  closure: 14,
  unary: 8,
  increment: 16,
  index: 14,
  new: 16,
  cast: 8,
  as: 10,
  instanceof: 6,
  range: 14,
  switch: 6,
  try: 20,
};
/** Bytes of an operator. */
const OPERATORS: Readonly<Record<string, number>> = { '==': 8, '!=': 8, '&&': 48, '||': 26, '+': 16, '-': 16 };

/** Bounds of the byte code of statements, in bytes. Closures are classes of their own. */
export function codeSize(body: readonly Statement[]): { readonly least: number; readonly most: number } {
  let bytes = 0;
  const stack: TreeNode[] = [...(body as readonly TreeNode[])];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    bytes += node.kind === 'binary' ? (OPERATORS[(node as { op?: string }).op ?? ''] ?? 20) : (BYTES[node.kind] ?? 3);
    if (node.kind === 'closure') continue;
    const children = childrenOf(node);
    // Each item of a list or map is put in its place.
    if (node.kind === 'list' || node.kind === 'map') bytes += 4 * children.length;
    for (const child of children) stack.push(child);
  }
  return { least: bytes * LEAST, most: bytes * MOST };
}
