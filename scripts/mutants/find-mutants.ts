/** Finds the places of a source file where one operator can be flipped. */
import { readFileSync } from 'node:fs';
import { parseSync, Visitor } from 'oxc-parser';

/** One change of one file that a test should notice. */
export interface Mutant {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Offsets of the text that is replaced, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly replacement: string;
}

const FLIPPED: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  '-': '+',
  '*': '/',
  '&&': '||',
  '||': '&&',
  '??': '&&',
};

/** All mutants of a TypeScript file: flipped operators, dropped negations, swapped booleans. */
export function findMutants(file: string): Mutant[] {
  const source = readFileSync(file, 'utf8');
  const { program } = parseSync(file, source);
  const found: Mutant[] = [];
  const add = (start: number, end: number, replacement: string) => {
    const line = source.slice(0, start).split('\n').length;
    found.push({ file, line, start, end, text: source.slice(start, end), replacement });
  };
  const flip = (node: { operator: string; left: { end: number }; right: { start: number } }) => {
    const replacement = FLIPPED[node.operator];
    const at = source.indexOf(node.operator, node.left.end);
    // Between the operands can be a comment or a parenthesis, but no other operator.
    if (replacement !== undefined && at < node.right.start) add(at, at + node.operator.length, replacement);
  };
  new Visitor({
    BinaryExpression: flip,
    LogicalExpression: flip,
    UnaryExpression(node) {
      if (node.operator === '!') add(node.start, node.start + 1, '');
    },
    Literal(node) {
      if (typeof node.value === 'boolean') add(node.start, node.end, String(!node.value));
    },
  }).visit(program);
  return found;
}
