/** Scalars of YAML 1.1 with the Java classes that SnakeYAML gives them. */

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

const INTEGER = /^[-+]?(?:0b[0-1_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*)$/;
const FLOAT =
  /^[-+]?(?:(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)$/;
const SPECIAL = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const DATE = /^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::?\d\d)?))?)?$/;
const TRUE = new Set(['yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const FALSE = new Set(['no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);
const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);

/** What a plain scalar is: a word, a number, a date, or else text. */
export function plainValue(text: string): YamlValue {
  if (NULL.has(text)) return null;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  if (INTEGER.test(text)) return new YamlInteger(integerOf(text));
  if (FLOAT.test(text) || SPECIAL.test(text)) return new YamlDouble(floatOf(text));
  if (DATE.test(text)) return new YamlDate();
  return text;
}

/** The number of an integer in any of the bases of YAML 1.1. */
export function integerOf(text: string): number {
  const bare = text.replaceAll('_', '');
  const sign = bare.startsWith('-') ? -1 : 1;
  const digits = bare.replace(/^[-+]/, '');
  if (digits.includes(':')) return sign * digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  if (/^0[xb]/.test(digits)) return sign * Number(digits);
  if (digits.length > 1 && digits.startsWith('0')) return sign * Number.parseInt(digits, 8);
  return sign * Number(digits);
}

/** The number of a float, the infinities and NaN among them. */
export function floatOf(text: string): number {
  const bare = text.replaceAll('_', '').toLowerCase();
  if (bare.endsWith('.nan')) return Number.NaN;
  if (bare.endsWith('.inf')) return bare.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(bare);
}
