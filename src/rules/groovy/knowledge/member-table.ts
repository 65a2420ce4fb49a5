/** Looks calls up in the table of known members. */
import { KNOWN_MEMBERS } from './known-members.ts';
import { kindsNamed } from './value-kinds.ts';

/** One row for one receiver: the kinds that each argument may be of. */
export interface MemberRow {
  readonly name: string;
  readonly args: readonly (ReadonlySet<string> | 'any')[];
}

/** Receivers whose rows stand for several kinds. */
const RECEIVERS: Readonly<Record<string, readonly string[]>> = {
  text: ['text', 'gstring'],
  growing: ['list'],
  list: ['list', 'fixed'],
  number: ['int', 'long', 'short', 'byte', 'double', 'float', 'dec', 'bigint'],
};

const METHODS = new Map<string, MemberRow[]>();
const PROPERTIES = new Set<string>();

for (const [receiver, rows] of Object.entries(KNOWN_MEMBERS)) {
  for (const row of rows) {
    const match = /^(\w+)(?:\((.*)\))?$/.exec(row);
    if (match === null) throw new TypeError(`the row ${receiver}.${row}`);
    const [, name = '', args] = match;
    for (const kind of RECEIVERS[receiver] ?? [receiver]) {
      const key = `${kind}.${name}`;
      if (args === undefined) PROPERTIES.add(key);
      else {
        const kinds = args === '' ? [] : args.split(', ').map(kindsNamed);
        METHODS.set(key, [...(METHODS.get(key) ?? []), { name, args: kinds }]);
      }
    }
  }
}

/** Rows of a method of a receiver's kind that take this number of arguments. */
export function methodRows(kind: string, name: string, count: number): readonly MemberRow[] {
  return (METHODS.get(`${kind}.${name}`) ?? []).filter((row) => row.args.length === count);
}

/** The argument kinds of a method's rows as text, to compare kinds of receivers. */
export function knownArities(kind: string, name: string): readonly string[] {
  return (METHODS.get(`${kind}.${name}`) ?? []).map((row) =>
    row.args.map((kinds) => (kinds === 'any' ? kinds : [...kinds].join('|'))).join(','),
  );
}

/** Whether weir knows a property of a receiver's kind. */
export function knowsProperty(kind: string, name: string): boolean {
  return PROPERTIES.has(`${kind}.${name}`);
}
