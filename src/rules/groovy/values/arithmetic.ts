/** Groovy's arithmetic on Java numbers. */
import { addDecimals, type Decimal, divideDecimals, multiplyDecimals } from './decimal.ts';
import {
  decimal,
  floating,
  type IntegralClass,
  integral,
  isIntegral,
  type JavaNumber,
  toDecimal,
  toDouble,
} from './java-number.ts';

/** Result of an arithmetic operation: a number, or the exception that Groovy throws. */
export type ArithmeticResult = { readonly ok: JavaNumber } | { readonly error: string; readonly message: string };

/** Operators on two numbers, by the names of Groovy's methods. */
export type NumericOperator =
  | 'plus'
  | 'minus'
  | 'multiply'
  | 'divide'
  | 'intdiv'
  | 'mod'
  | 'power'
  | 'bitAnd'
  | 'bitOr'
  | 'bitXor'
  | 'shiftLeft'
  | 'shiftRight'
  | 'shiftRightUnsigned';

const ARITHMETIC = 'java.lang.ArithmeticException';
const UNSUPPORTED = 'java.lang.UnsupportedOperationException';

/** Largest exponent of `**` and bit length that is computed; more is a hostile text. */
const POWER_LIMIT = 4096n;

/** Groovy's NumberMath: the class of the result follows from the classes of both sides. */
export function arithmetic(op: NumericOperator, a: JavaNumber, b: JavaNumber): ArithmeticResult {
  if (op.startsWith('bit') || op.startsWith('shift')) return bitwise(op, a, b);
  if (op === 'power') return power(a, b);
  if (typeof a.value === 'number' || typeof b.value === 'number') return floatingMath(op, toDouble(a), toDouble(b));
  if (op === 'divide') {
    const quotient = divideDecimals(toDecimal(a) ?? ZERO, toDecimal(b) ?? ZERO);
    return quotient ? { ok: decimal(quotient) } : { error: ARITHMETIC, message: 'Division by zero' };
  }
  if (!isIntegral(a) || !isIntegral(b)) return decimalMath(op, a, b);
  const cls = wider(a.cls, b.cls);
  switch (op) {
    case 'plus':
      return { ok: integral(cls, a.value + b.value) };
    case 'minus':
      return { ok: integral(cls, a.value - b.value) };
    case 'multiply':
      return { ok: integral(cls, a.value * b.value) };
    default:
      if (b.value === 0n)
        return { error: ARITHMETIC, message: cls === 'BigInteger' ? 'BigInteger divide by zero' : '/ by zero' };
      if (op === 'intdiv') return { ok: integral(cls, a.value / b.value) };
      if (cls === 'BigInteger') return bigMod(a.value, b.value);
      return { ok: integral(cls, a.value % b.value) };
  }
}

const ZERO: Decimal = { unscaled: 0n, scale: 0 };

function wider(a: IntegralClass, b: IntegralClass): IntegralClass {
  if (a === 'BigInteger' || b === 'BigInteger') return 'BigInteger';
  return a === 'Long' || b === 'Long' ? 'Long' : 'Integer';
}

/** BigInteger.mod never gives a negative result and refuses a modulus below 1. */
function bigMod(a: bigint, b: bigint): ArithmeticResult {
  if (b < 0n) return { error: ARITHMETIC, message: 'BigInteger: modulus not positive' };
  return { ok: integral('BigInteger', ((a % b) + b) % b) };
}

function floatingMath(op: NumericOperator, a: number, b: number): ArithmeticResult {
  switch (op) {
    case 'plus':
      return { ok: floating('Double', a + b) };
    case 'minus':
      return { ok: floating('Double', a - b) };
    case 'multiply':
      return { ok: floating('Double', a * b) };
    case 'divide':
      return { ok: floating('Double', a / b) };
    case 'mod':
      return { ok: floating('Double', a % b) };
    default:
      return { error: UNSUPPORTED, message: `Cannot use ${op}() on this number type` };
  }
}

function decimalMath(op: NumericOperator, a: JavaNumber, b: JavaNumber): ArithmeticResult {
  const left = toDecimal(a) ?? ZERO;
  const right = toDecimal(b) ?? ZERO;
  if (op === 'plus') return { ok: decimal(addDecimals(left, right, 1n)) };
  if (op === 'minus') return { ok: decimal(addDecimals(left, right, -1n)) };
  if (op === 'multiply') return { ok: decimal(multiplyDecimals(left, right)) };
  return { error: UNSUPPORTED, message: `Cannot use ${op}() on this number type: java.math.BigDecimal` };
}

function bitwise(op: NumericOperator, a: JavaNumber, b: JavaNumber): ArithmeticResult {
  if (!isIntegral(a) || !isIntegral(b))
    return { error: UNSUPPORTED, message: `Cannot use ${op}() on this number type` };
  if (op.startsWith('bit')) {
    const cls = wider(a.cls, b.cls);
    const value = op === 'bitAnd' ? a.value & b.value : op === 'bitOr' ? a.value | b.value : a.value ^ b.value;
    return { ok: integral(cls, value) };
  }
  if (a.cls === 'BigInteger' || b.cls === 'BigInteger') return { error: UNSUPPORTED, message: `Cannot use ${op}()` };
  // Java masks the distance by the width of the left side.
  const cls = a.cls === 'Long' ? 'Long' : 'Integer';
  const bits = cls === 'Long' ? 64 : 32;
  const distance = b.value & BigInt(bits - 1);
  if (op === 'shiftLeft') return { ok: integral(cls, a.value << distance) };
  if (op === 'shiftRight') return { ok: integral(cls, a.value >> distance) };
  return { ok: integral(cls, BigInt.asUintN(bits, a.value) >> distance) };
}

function power(a: JavaNumber, b: JavaNumber): ArithmeticResult {
  if (!isIntegral(a) || !isIntegral(b) || b.value < 0n) return { ok: floating('Double', toDouble(a) ** toDouble(b)) };
  if (b.value > POWER_LIMIT) return { error: ARITHMETIC, message: 'exponent too large' };
  const value = a.value ** b.value;
  const cls: IntegralClass =
    BigInt.asIntN(32, value) === value ? 'Integer' : BigInt.asIntN(64, value) === value ? 'Long' : 'BigInteger';
  return {
    ok: integral(a.cls === 'Long' && cls === 'Integer' ? 'Long' : a.cls === 'BigInteger' ? 'BigInteger' : cls, value),
  };
}
