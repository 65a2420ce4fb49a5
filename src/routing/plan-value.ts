import { compareDecimals, type Decimal, decimalOfDouble, parseDecimal } from './decimal.ts';
import type { ValueClass } from './route-plan.ts';
import type { TypedValue } from './typed-value.ts';

/** A value while a plan is evaluated: null, or a Java value that is told apart by its class. */
export type PlanValue =
  | { readonly k: 'null' }
  | { readonly k: 'text'; readonly text: string; readonly char: boolean }
  | { readonly k: 'bool'; readonly value: boolean }
  | { readonly k: 'integer'; readonly value: bigint; readonly type: IntegerType }
  | { readonly k: 'double'; readonly value: number; readonly type: 'java.lang.Double' | 'java.lang.Float' }
  | { readonly k: 'decimal'; readonly value: Decimal }
  | { readonly k: 'object'; readonly type: ValueClass; readonly truthy: boolean };

/** Integer classes, narrow to wide. */
export type IntegerType =
  | 'java.lang.Byte'
  | 'java.lang.Short'
  | 'java.lang.Integer'
  | 'java.lang.Long'
  | 'java.math.BigInteger';

const INTEGER_TYPES = new Set<string>([
  'java.lang.Byte',
  'java.lang.Short',
  'java.lang.Integer',
  'java.lang.Long',
  'java.math.BigInteger',
]);

/** Null as a plan value. */
export const NULL_VALUE: PlanValue = { k: 'null' };

/** A String as a plan value. */
export function textValue(text: string): PlanValue {
  return { k: 'text', text, char: false };
}

/** Turns a value of a case file or a constant of a plan into a plan value. */
export function planValue(value: TypedValue): PlanValue {
  if (!('v' in value)) return NULL_VALUE;
  const known = VALUES.get(value);
  if (known !== undefined) return known;
  const made = readValue(value);
  VALUES.set(value, made);
  return made;
}

// Values never change; a proof compares each constant with thousands of others.
const VALUES = new WeakMap<TypedValue, PlanValue>();

function readValue(value: Exclude<TypedValue, { readonly t: 'null' }>): PlanValue {
  const { t, v } = value;
  if (t === 'java.lang.String') return textValue(String(v));
  if (t === 'java.lang.Character') return { k: 'text', text: String(v), char: true };
  if (t === 'java.lang.Boolean') return { k: 'bool', value: String(v) === 'true' };
  if (INTEGER_TYPES.has(t)) return { k: 'integer', value: BigInt(String(v)), type: t as IntegerType };
  if (t === 'java.lang.Float') return { k: 'double', value: Math.fround(Number(v)), type: t };
  if (t === 'java.lang.Double') return { k: 'double', value: Number(v), type: t };
  if (t === 'java.math.BigDecimal') {
    const decimal = parseDecimal(String(v));
    if (decimal !== null) return { k: 'decimal', value: decimal };
  }
  if (t.endsWith('List')) return { k: 'object', type: 'java.util.List', truthy: Array.isArray(v) && v.length > 0 };
  if (t.endsWith('Map')) {
    return { k: 'object', type: 'java.util.Map', truthy: typeof v === 'object' && Object.keys(v).length > 0 };
  }
  return { k: 'object', type: 'other', truthy: true };
}

/** The class by which the test `is` knows a value. */
export function classOfValue(value: PlanValue): ValueClass {
  switch (value.k) {
    case 'null':
      return 'null';
    case 'text':
      return value.char ? 'java.lang.Character' : 'java.lang.String';
    case 'bool':
      return 'java.lang.Boolean';
    case 'decimal':
      return 'java.math.BigDecimal';
    default:
      return value.type;
  }
}

/** Groovy's truth. */
export function isTruthy(value: PlanValue): boolean {
  switch (value.k) {
    case 'null':
      return false;
    case 'text':
      return value.char ? value.text !== '\0' : value.text !== '';
    case 'bool':
      return value.value;
    case 'integer':
      return value.value !== 0n;
    case 'double':
      return value.value !== 0;
    case 'decimal':
      return value.value.unscaled !== 0n;
    case 'object':
      return value.truthy;
  }
}

/** Groovy's `==` as the test `eq` means it: numbers by value whatever their class, texts by their characters. */
export function valuesEqual(left: PlanValue, right: PlanValue): boolean {
  if (left.k === 'text' && right.k === 'text') return left.text === right.text;
  if (left.k === 'bool' && right.k === 'bool') return left.value === right.value;
  if (left.k === 'null' || right.k === 'null') return left.k === right.k;
  return isNumber(left) && isNumber(right) && compareNumbers(left, right) === 0;
}

/** Whether a value is a java.lang.Number. */
export function isNumber(value: PlanValue): value is Extract<PlanValue, { k: 'integer' | 'double' | 'decimal' }> {
  return value.k === 'integer' || value.k === 'double' || value.k === 'decimal';
}

/** -1, 0 or 1; a Double on either side makes it a comparison of doubles, NaN above all, as Groovy and Double.compare do. */
export function compareNumbers(left: PlanValue, right: PlanValue): number {
  if (left.k === 'double' || right.k === 'double') {
    const [a, b] = [doubleOf(left), doubleOf(right)];
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const [a, b] = [decimalOf(left), decimalOf(right)];
  return a === null || b === null ? 1 : compareDecimals(a, b);
}

/** The value as a double; NaN for what is no number. */
export function doubleOf(value: PlanValue): number {
  if (value.k === 'integer') return Number(value.value);
  if (value.k === 'double') return value.value;
  if (value.k !== 'decimal') return Number.NaN;
  return Number(decimalText(value.value));
}

/** The exact value; null for NaN, the infinities and what is no number. */
export function decimalOf(value: PlanValue): Decimal | null {
  if (value.k === 'integer') return { unscaled: value.value, scale: 0 };
  if (value.k === 'double') return decimalOfDouble(value.value);
  return value.k === 'decimal' ? value.value : null;
}

/** BigDecimal.toPlainString. */
export function decimalText({ unscaled, scale }: Decimal): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Java's text of a value as string concatenation makes it; null where this model does not know it. */
export function valueText(value: PlanValue): string | null {
  switch (value.k) {
    case 'null':
      return 'null';
    case 'text':
      return value.text;
    case 'bool':
      return String(value.value);
    case 'integer':
      return value.value.toString();
    case 'decimal':
      return decimalText(value.value);
    case 'double':
      // Java prints 1.0E7 where JavaScript prints 10000000.
      return Math.abs(value.value) >= 1e-3 && Math.abs(value.value) < 1e7
        ? Number.isInteger(value.value)
          ? `${value.value}.0`
          : String(value.value)
        : null;
    case 'object':
      return null;
  }
}
