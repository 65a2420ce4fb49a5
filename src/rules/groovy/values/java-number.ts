/** Java's boxed numbers. */
import {
  compareDecimals,
  type Decimal,
  decimalOfDouble,
  decimalToNumber,
  decimalToText,
  parseDecimal,
  truncateDecimal,
} from './decimal.ts';

/** Java's whole-number classes. */
export type IntegralClass = 'Byte' | 'Short' | 'Integer' | 'Long' | 'BigInteger';

/** A boxed Java number. Whole numbers hold a bigint, Double and Float a number, BigDecimal a Decimal. */
export type JavaNumber =
  | { readonly kind: 'number'; readonly cls: IntegralClass; readonly value: bigint }
  | { readonly kind: 'number'; readonly cls: 'Double' | 'Float'; readonly value: number }
  | { readonly kind: 'number'; readonly cls: 'BigDecimal'; readonly value: Decimal };

const BITS: Readonly<Record<IntegralClass, number>> = { Byte: 8, Short: 16, Integer: 32, Long: 64, BigInteger: 0 };

/** A whole number of the class; fixed widths wrap around as in Java. */
export function integral(cls: IntegralClass, value: bigint): JavaNumber {
  const bits = BITS[cls];
  return { kind: 'number', cls, value: bits === 0 ? value : BigInt.asIntN(bits, value) };
}

/** An Integer. */
export function javaInt(value: number | bigint): JavaNumber {
  return integral('Integer', BigInt(value));
}

/** A Double, or a Float rounded to its precision. */
export function floating(cls: 'Double' | 'Float', value: number): JavaNumber {
  return { kind: 'number', cls, value: cls === 'Float' ? Math.fround(value) : value };
}

/** A BigDecimal. */
export function decimal(value: Decimal): JavaNumber {
  return { kind: 'number', cls: 'BigDecimal', value };
}

/** Whether the number is of a whole-number class. */
export function isIntegral(number: JavaNumber): number is Extract<JavaNumber, { cls: IntegralClass }> {
  return typeof number.value === 'bigint';
}

/** The number as a double, rounded. */
export function toDouble(number: JavaNumber): number {
  if (typeof number.value === 'number') return number.value;
  return typeof number.value === 'bigint' ? Number(number.value) : decimalToNumber(number.value);
}

/** The number as a decimal; undefined for NaN and infinities. */
export function toDecimal(number: JavaNumber): Decimal | undefined {
  if (typeof number.value === 'bigint') return { unscaled: number.value, scale: 0 };
  if (typeof number.value !== 'number') return number.value;
  return Number.isFinite(number.value) ? decimalOfDouble(number.value) : undefined;
}

/** `intValue`, `longValue`: cut towards zero, then the low bits; doubles saturate, NaN is 0. */
export function toIntegral(number: JavaNumber, cls: IntegralClass): JavaNumber {
  if (typeof number.value === 'bigint') return integral(cls, number.value);
  if (typeof number.value !== 'number') return integral(cls, truncateDecimal(number.value));
  if (Number.isNaN(number.value)) return integral(cls, 0n);
  const wide = cls === 'Long' || cls === 'BigInteger' ? 64n : 32n;
  const low = -(1n << (wide - 1n));
  const high = (1n << (wide - 1n)) - 1n;
  if (number.value >= Number(high)) return integral(cls, high);
  if (number.value <= Number(low)) return integral(cls, low);
  return integral(cls, BigInt(Math.trunc(number.value)));
}

/** Groovy's numeric comparison: -1, 0 or 1. Where a Double or Float is involved, as Double.compare. */
export function compareNumbers(a: JavaNumber, b: JavaNumber): number {
  if (typeof a.value === 'number' || typeof b.value === 'number') return compareDoubles(toDouble(a), toDouble(b));
  if (typeof a.value === 'bigint' && typeof b.value === 'bigint')
    return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
  const left = toDecimal(a);
  const right = toDecimal(b);
  return left && right ? compareDecimals(left, right) : 0;
}

/** Double.compare: NaN is greatest, -0.0 below 0.0. */
function compareDoubles(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (Object.is(a, b)) return 0;
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return Object.is(a, -0) ? -1 : 1;
}

/** `equals` of the boxes: the same class and the same value (and scale). */
export function sameNumber(a: JavaNumber, b: JavaNumber): boolean {
  if (a.cls !== b.cls) return false;
  if (typeof a.value === 'object' && typeof b.value === 'object') {
    return a.value.unscaled === b.value.unscaled && a.value.scale === b.value.scale;
  }
  return Object.is(a.value, b.value);
}

/** `toString` of the box. */
export function numberToText(number: JavaNumber): string {
  if (typeof number.value === 'bigint') return number.value.toString();
  return typeof number.value === 'number'
    ? doubleToText(number.value, number.cls === 'Float')
    : decimalToText(number.value);
}

/** Double.toString and Float.toString: `1.0`, `1.0E7`, `NaN`. */
function doubleToText(value: number, single: boolean): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  let shortest = String(value);
  if (single) {
    for (let digits = 1; digits <= 9; digits++) {
      if (Math.fround(Number(value.toPrecision(digits))) === value) {
        shortest = String(Number(value.toPrecision(digits)));
        break;
      }
    }
  }
  const [mantissa = '', exponentText] = Number(shortest).toExponential().split('e');
  const exponent = Number(exponentText);
  const withPoint = mantissa.includes('.') ? mantissa : `${mantissa}.0`;
  if (exponent < -3 || exponent >= 7) return `${withPoint}E${exponent}`;
  const plain = decimalToText(parseDecimal(shortest) ?? { unscaled: 0n, scale: 0 });
  const expanded = plain.includes('E') ? Number(shortest).toFixed(Math.max(1, -exponent + mantissa.length)) : plain;
  return expanded.includes('.') ? expanded : `${expanded}.0`;
}

/** `hashCode` of the box. */
export function numberHash(number: JavaNumber): number | undefined {
  if (number.cls === 'Integer' || number.cls === 'Short' || number.cls === 'Byte') return Number(number.value);
  if (number.cls === 'Long') {
    const bits = BigInt.asUintN(64, number.value);
    return Number(BigInt.asIntN(32, bits ^ (bits >> 32n)));
  }
  if (number.cls === 'Double') {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, number.value);
    return view.getInt32(0) ^ view.getInt32(4);
  }
  return undefined;
}
