import type { RoutingCall, RoutingProvider } from './case-file.ts';
import { parseDecimal } from './decimal.ts';
import type { CallLeaf, FunctionTerm, ProviderLeaf, Term } from './plan-term.ts';
import { planText } from './plan-text-function.ts';
import {
  compareNumbers,
  decimalOf,
  doubleOf,
  type IntegerType,
  isNumber,
  NULL_VALUE,
  type PlanValue,
  planValue,
  textValue,
} from './plan-value.ts';

/** What a term may read. `provider` is there only for predicates over providers. */
export interface TermContext {
  readonly call?: RoutingCall;
  readonly provider?: RoutingProvider;
  /** Ids of the providers with `isAvailable() == false`. */
  readonly down?: ReadonlySet<string>;
}

/** The value of a term; undefined where Groovy throws, or where this model does not know the answer. */
export function termValue(term: Term, context: TermContext): PlanValue | undefined {
  if (term.t === 'const') return planValue(term.value);
  if (term.t === 'fn') return functionValue(term, context);
  return leafValue(term, context);
}

function leafValue(leaf: CallLeaf | ProviderLeaf, context: TermContext): PlanValue | undefined {
  const { call, provider } = context;
  if (leaf.t === 'host' || leaf.t === 'port' || leaf.t === 'param' || leaf.t === 'address' || leaf.t === 'available') {
    return provider === undefined ? undefined : providerLeaf(leaf, provider, context.down);
  }
  if (call === undefined) return undefined;
  switch (leaf.t) {
    case 'service':
      return textValue(call.service);
    case 'method':
      return textValue(call.method);
    case 'paramType':
      return optionalText(call.paramTypes[leaf.index], undefined);
    case 'paramCount':
      return integer(BigInt(call.paramTypes.length), 'java.lang.Integer');
    case 'argCount':
      return integer(BigInt(call.args.length), 'java.lang.Integer');
    case 'arg': {
      const value = call.args[leaf.index];
      return value === undefined ? undefined : planValue(value);
    }
    case 'attachment':
      return optionalText(
        Object.hasOwn(call.attachments, leaf.key) ? call.attachments[leaf.key] : undefined,
        NULL_VALUE,
      );
    case 'callerApp':
      return optionalText(call.consumer.application, NULL_VALUE);
    case 'callerHost':
      return optionalText(call.consumer.host, NULL_VALUE);
    case 'callerParam':
      return optionalText(call.consumer.params?.[leaf.key], NULL_VALUE);
  }
}

function providerLeaf(
  leaf: ProviderLeaf,
  provider: RoutingProvider,
  down: ReadonlySet<string> | undefined,
): PlanValue | undefined {
  switch (leaf.t) {
    case 'host':
      return textValue(provider.host);
    case 'port':
      return integer(BigInt(provider.port), 'java.lang.Integer');
    case 'address':
      return textValue(`${provider.host}:${provider.port}`);
    case 'available':
      return { k: 'bool', value: !(down?.has(provider.id) ?? false) };
    case 'param': {
      const value = Object.hasOwn(provider.params, leaf.key) ? provider.params[leaf.key] : undefined;
      if (leaf.fallback !== undefined && (value === undefined || value === '')) return textValue(leaf.fallback);
      return optionalText(value, NULL_VALUE);
    }
  }
}

function optionalText(text: string | undefined, absent: PlanValue | undefined): PlanValue | undefined {
  return text === undefined ? absent : textValue(text);
}

function integer(value: bigint, type: IntegerType): PlanValue {
  return { k: 'integer', value: wrap(value, type), type };
}

// Java's fixed-width classes wrap around.
function wrap(value: bigint, type: IntegerType): bigint {
  if (type === 'java.math.BigInteger') return value;
  return BigInt.asIntN(
    { 'java.lang.Byte': 8, 'java.lang.Short': 16, 'java.lang.Integer': 32, 'java.lang.Long': 64 }[type],
    value,
  );
}

function functionValue(term: FunctionTerm, context: TermContext): PlanValue | undefined {
  const args: PlanValue[] = [];
  for (const arg of term.args) {
    const value = termValue(arg, context);
    if (value === undefined) return undefined;
    args.push(value);
  }
  const text = planText(term.fn, args);
  if (text !== 'not-text') return text;
  const [left, right] = args;
  if (left === undefined) return undefined;
  switch (term.fn) {
    case 'toInteger':
    case 'parseInt':
      return toWhole(left, 'java.lang.Integer', term.fn === 'toInteger');
    case 'toLong':
    case 'parseLong':
      return toWhole(left, 'java.lang.Long', term.fn === 'toLong');
    case 'intValue':
      return truncate(left, 'java.lang.Integer');
    case 'longValue':
      return truncate(left, 'java.lang.Long');
    case 'toDouble':
    case 'doubleValue':
      return toDouble(left);
    case 'toBigDecimal': {
      const decimal = left.k === 'text' ? parseDecimal(left.text.trim()) : decimalOf(left);
      return decimal === null ? undefined : { k: 'decimal', value: decimal };
    }
    case 'negative':
    case 'abs':
      return signed(term.fn, left);
    default:
      return right === undefined ? undefined : arithmetic(term.fn, left, right);
  }
}

function toWhole(value: PlanValue, type: IntegerType, trims: boolean): PlanValue | undefined {
  if (value.k !== 'text') return trims ? truncate(value, type) : undefined;
  const text = trims ? value.text.replace(/^[\0- ]+|[\0- ]+$/g, '') : value.text;
  if (!/^[-+]?[0-9]+$/.test(text)) return undefined;
  const whole = BigInt(text.replace(/^\+/, ''));
  return wrap(whole, type) === whole ? integer(whole, type) : undefined;
}

function truncate(value: PlanValue, type: IntegerType): PlanValue | undefined {
  if (value.k === 'integer') return integer(value.value, type);
  if (value.k === 'decimal') return integer(value.value.unscaled / 10n ** BigInt(value.value.scale), type);
  if (value.k !== 'double' || !Number.isFinite(value.value)) return undefined;
  return Math.abs(value.value) < 2 ** 31 ? integer(BigInt(Math.trunc(value.value)), type) : undefined;
}

function toDouble(value: PlanValue): PlanValue | undefined {
  if (isNumber(value)) return { k: 'double', value: doubleOf(value), type: 'java.lang.Double' };
  if (value.k !== 'text' || !/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(value.text.trim())) return undefined;
  return { k: 'double', value: Number(value.text), type: 'java.lang.Double' };
}

function signed(fn: 'negative' | 'abs', value: PlanValue): PlanValue | undefined {
  if (value.k === 'integer') {
    const type = value.type === 'java.lang.Byte' || value.type === 'java.lang.Short' ? 'java.lang.Integer' : value.type;
    return integer(fn === 'negative' || value.value < 0n ? -value.value : value.value, type);
  }
  if (value.k === 'double') {
    return { ...value, value: fn === 'negative' ? -value.value : Math.abs(value.value) };
  }
  if (value.k !== 'decimal') return undefined;
  const { unscaled, scale } = value.value;
  return { k: 'decimal', value: { unscaled: fn === 'negative' || unscaled < 0n ? -unscaled : unscaled, scale } };
}

function arithmetic(fn: FunctionTerm['fn'], left: PlanValue, right: PlanValue): PlanValue | undefined {
  if (!isNumber(left) || !isNumber(right)) return undefined;
  if (left.k === 'integer' && right.k === 'integer') return wholeArithmetic(fn, left, right);
  if (left.k === 'double' || right.k === 'double') return doubleArithmetic(fn, doubleOf(left), doubleOf(right));
  const [a, b] = [decimalOf(left), decimalOf(right)];
  if (a === null || b === null) return undefined;
  const scale = Math.max(a.scale, b.scale);
  const [x, y] = [a.unscaled * 10n ** BigInt(scale - a.scale), b.unscaled * 10n ** BigInt(scale - b.scale)];
  if (fn === 'plus') return { k: 'decimal', value: { unscaled: x + y, scale } };
  if (fn === 'minus') return { k: 'decimal', value: { unscaled: x - y, scale } };
  if (fn === 'multiply')
    return { k: 'decimal', value: { unscaled: a.unscaled * b.unscaled, scale: a.scale + b.scale } };
  // Groovy 2.4 has no `%` of BigDecimal, and its division rounds by rules that no plan needs.
  return undefined;
}

function wholeArithmetic(
  fn: FunctionTerm['fn'],
  left: Extract<PlanValue, { k: 'integer' }>,
  right: Extract<PlanValue, { k: 'integer' }>,
): PlanValue | undefined {
  const order: IntegerType[] = ['java.lang.Integer', 'java.lang.Long', 'java.math.BigInteger'];
  const type = order[Math.max(0, order.indexOf(left.type), order.indexOf(right.type))] ?? 'java.lang.Integer';
  const own = order.includes(left.type) ? left.type : 'java.lang.Integer';
  const [a, b] = [left.value, right.value];
  const width = own === 'java.lang.Integer' ? 32n : 64n;
  switch (fn) {
    case 'plus':
      return integer(a + b, type);
    case 'minus':
      return integer(a - b, type);
    case 'multiply':
      return integer(a * b, type);
    case 'mod':
      return b === 0n ? undefined : integer(a % b, type);
    case 'intdiv':
      return b === 0n ? undefined : integer(a / b, type);
    case 'bitAnd':
      return integer(a & b, type);
    case 'bitOr':
      return integer(a | b, type);
    case 'bitXor':
      return integer(a ^ b, type);
    case 'shiftLeft':
      return own === 'java.math.BigInteger' ? undefined : integer(a << (b & (width - 1n)), own);
    case 'shiftRight':
      return own === 'java.math.BigInteger' ? undefined : integer(a >> (b & (width - 1n)), own);
    case 'shiftRightUnsigned':
      if (own === 'java.math.BigInteger') return undefined;
      return integer(BigInt.asUintN(Number(width), a) >> (b & (width - 1n)), own);
    case 'divide': {
      // An exact quotient is all that a plan compares; others have no finite form here.
      if (b === 0n) return undefined;
      const scaled = a * 10n ** 10n;
      return scaled % b === 0n ? { k: 'decimal', value: { unscaled: scaled / b, scale: 10 } } : undefined;
    }
    default:
      return undefined;
  }
}

function doubleArithmetic(fn: FunctionTerm['fn'], a: number, b: number): PlanValue | undefined {
  const results: Partial<Record<FunctionTerm['fn'], number>> = {
    plus: a + b,
    minus: a - b,
    multiply: a * b,
    divide: a / b,
    mod: a % b,
  };
  const value = results[fn];
  return value === undefined ? undefined : { k: 'double', value, type: 'java.lang.Double' };
}

/** Orders two numbers as Groovy's `<=>` does. */
export function orderOf(left: PlanValue, right: PlanValue): number | undefined {
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right);
  if (left.k === 'text' && right.k === 'text') return left.text < right.text ? -1 : left.text > right.text ? 1 : 0;
  return undefined;
}
