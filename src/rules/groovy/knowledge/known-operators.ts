/**
 * The operators that weir knows, by the kinds of both sides. Other pairs are opaque. Real Groovy answers every row for many
 * values of each kind (test/e2e/groovy-knowledge.test.ts).
 */
import { kindsNamed } from './value-kinds.ts';

const ORDERED = [
  'number, number',
  'text, text',
  'null, any',
  'any, null',
  'bool, bool',
  'number, string',
  'string, number',
];
const NUMERIC = ['number, number', 'null, number'];
const BITS = ['whole, whole', 'bool, bool', 'null, number'];

/** Rows by operator: kinds or groups of kinds of the left and the right side. */
export const KNOWN_OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '==': [
    'scalar, comparable',
    'comparable, scalar',
    'list, list',
    'list, range',
    'range, list',
    'list, array',
    'array, list',
    'set, set',
    'map, map',
    'class, class',
    'invoker, invoker',
    'any, null',
    'null, any',
  ],
  '<': ORDERED,
  '<=': ORDERED,
  '>': ORDERED,
  '>=': ORDERED,
  '<=>': ['number, number', 'string, string', 'null, any', 'any, null', 'bool, bool'],
  in: ['scalar, case', 'class, list', 'class, class', 'list, list', 'invoker, list', 'any, closure', 'invoker, set'],
  '==~': ['scalar, text', 'scalar, pattern'],
  '=~': ['text, text', 'text, pattern', 'null, text', 'null, pattern', 'number, text', 'number, pattern'],
  '+': [
    'number, number',
    'number, null',
    'null, null',
    'string, plus',
    'gstring, plus',
    'number, text',
    'null, text',
    'list, list',
    'list, scalar',
    'list, range',
    'list, set',
    'list, invoker',
    'list, map',
    'set, collection',
    'map, map',
    'null, number',
  ],
  '-': [
    'number, number',
    'number, null',
    'text, text',
    'list, plain',
    'list, list',
    'list, set',
    'list, invoker',
    'set, collection',
    'null, number',
  ],
  '*': ['number, number', 'number, null', 'string, int', 'list, int', 'null, number'],
  '/': ['number, null', ...NUMERIC],
  '%': NUMERIC,
  '**': ['int, int'],
  '&': BITS,
  '|': BITS,
  '^': BITS,
  '<<': ['int, int', 'long, int', 'growing, any', 'fixed, any', 'set, any', 'linked, any', 'map, map'],
  '>>': ['int, int', 'long, int'],
  '>>>': ['int, int', 'long, int'],
};

const ROWS = new Map(
  Object.entries(KNOWN_OPERATORS).map(([op, rows]) => [
    op,
    rows.map((row) => {
      const [left = '', right = ''] = row.split(', ');
      return [kindsNamed(left), kindsNamed(right)] as const;
    }),
  ]),
);

/** Whether weir knows an operator for two kinds; null is a side whose kind is open. `!=` is the opposite of `==`. */
export function knowsOperator(op: string, left: string | null, right: string | null): boolean {
  const fits = (kinds: ReadonlySet<string> | 'any', kind: string | null): boolean =>
    kind === null || kinds === 'any' || kinds.has(kind);
  return (ROWS.get(op === '!=' ? '==' : op) ?? []).some(([a, b]) => fits(a, left) && fits(b, right));
}
