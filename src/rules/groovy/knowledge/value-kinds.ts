/** Kinds of values in the table of members, and the classes that each kind covers. */
import type { ValueClass } from '../../plan/route-plan.ts';
import { classesOfMask, classMask } from '../values/class-mask.ts';
import type { Value } from '../values/values.ts';

const MAP_ENTRY = 'java.util.Map$Entry';

/** Numbers by their class. */
const NUMBERS = {
  Integer: 'int',
  Long: 'long',
  Short: 'short',
  Byte: 'byte',
  Double: 'double',
  Float: 'float',
  BigDecimal: 'dec',
  BigInteger: 'bigint',
} as const;

/** The kind of a value that is not a symbol. A closure carries its number of parameters: `closure`, `closure0`, `closure2`, ... */
export function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'text';
  switch (value.kind) {
    case 'number':
      return NUMBERS[value.cls];
    case 'list':
      return value.view === true
        ? 'view'
        : value.fixed !== undefined
          ? value.sort === 'set'
            ? 'fixed-set'
            : 'fixed'
          : value.linked === true
            ? 'linked'
            : value.sort;
    case 'closure': {
      const count = value.params?.length ?? 1;
      return count === 1 ? 'closure' : `closure${count}`;
    }
    case 'lazy-list':
      return value.past === 'throw' ? 'array' : 'list';
    // A draw or a count stands for a number, so it has a number's members.
    case 'random':
    case 'size':
    case 'index':
      return 'int';
    case 'host':
      return value.type === 'bean' && value.cls === MAP_ENTRY ? 'entry' : value.type;
    case 'groups':
      return 'map';
    default:
      return value.kind;
  }
}

const CLASS_KINDS: Readonly<Record<ValueClass, string>> = {
  null: 'null',
  'java.lang.String': 'text',
  'java.lang.Integer': 'int',
  'java.lang.Long': 'long',
  'java.lang.Short': 'short',
  'java.lang.Byte': 'byte',
  'java.lang.Double': 'double',
  'java.lang.Float': 'float',
  'java.math.BigDecimal': 'dec',
  'java.math.BigInteger': 'bigint',
  'java.lang.Boolean': 'bool',
  'java.lang.Character': 'char',
  'java.util.List': 'other-list',
  'java.util.Map': 'other-map',
  other: 'other',
};

/** Names for several kinds at once in the table. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  text: ['text', 'gstring'],
  string: ['text'],
  whole: ['int', 'long'],
  number: ['int', 'long', 'short', 'byte', 'double', 'float', 'dec', 'bigint'],
  // Real Groovy fails on calls such as 1.plus((short) 2), where 1 + (short) 2 is 3.
  wide: ['int', 'long', 'double', 'float', 'dec', 'bigint'],
  scalar: [
    'null',
    'bool',
    'text',
    'gstring',
    'char',
    'int',
    'long',
    'short',
    'byte',
    'double',
    'float',
    'dec',
    'bigint',
  ],
  comparable: [
    'null',
    'bool',
    'text',
    'gstring',
    'char',
    'int',
    'long',
    'short',
    'byte',
    'double',
    'float',
    'dec',
    'bigint',
    'list',
    'set',
    'map',
    'range',
    'class',
    'pattern',
    'enum',
  ],
  case: [
    'null',
    'bool',
    'text',
    'gstring',
    'int',
    'long',
    'dec',
    'list',
    'fixed',
    'set',
    'range',
    'map',
    'class',
    'pattern',
    'closure',
    'array',
    'attachments',
    'params',
  ],
  plus: [
    'null',
    'bool',
    'text',
    'gstring',
    'char',
    'int',
    'long',
    'short',
    'byte',
    'double',
    'float',
    'dec',
    'bigint',
    'list',
    'map',
    'range',
  ],
  named: ['text', 'gstring', 'int', 'long', 'dec', 'bool', 'invoker', 'class'],
  plain: ['null', 'bool', 'text', 'gstring', 'int', 'long', 'dec'],
  growing: ['list'],
  list: ['list', 'fixed'],
  sequence: ['list', 'fixed', 'linked', 'view', 'set', 'range', 'array'],
  collection: ['list', 'fixed', 'linked', 'view', 'set', 'range'],
};

/** The kinds that a name of the table stands for; `any` stands for all. */
export function kindsNamed(name: string): ReadonlySet<string> | 'any' {
  return name === 'any' ? 'any' : new Set(GROUPS[name] ?? [name]);
}

/** Classes of a value of the call that are of the kinds, as a mask. */
export function classesOfKinds(kinds: ReadonlySet<string> | 'any'): number {
  const all = Object.keys(CLASS_KINDS) as ValueClass[];
  return classMask(kinds === 'any' ? all : all.filter((cls) => kinds.has(CLASS_KINDS[cls])));
}

/** The kinds that the classes of a mask stand for. */
export function kindsOfClasses(mask: number): string[] {
  return classesOfMask(mask).map((cls) => CLASS_KINDS[cls]);
}
