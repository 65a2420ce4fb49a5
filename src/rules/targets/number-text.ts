/** Tests of whole numbers that are read from a text: as intervals, and as regular expressions of the text. */
import { parseDecimal } from '../groovy/values/decimal.ts';
import type { FunctionTerm, Term } from '../plan/plan-term.ts';
import type { PlanTest } from '../plan/route-plan.ts';
import type { TypedValue } from '../plan/typed-value.ts';
import type { IntegerInterval } from './integer-regex.ts';
import { shortTextRegex, type WantedIntegers, wantedTextRegex } from './remainder-regex.ts';

/** The texts of a leaf from which a term computes a text that a pattern matches; null where weir knows no expression. */
export type TextOf = (term: Term, pattern: string) => string | null;

interface Bounds {
  readonly min: bigint;
  readonly max: bigint;
}

const INT: Bounds = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
const LONG: Bounds = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const READERS: Readonly<Record<string, { readonly limit: Bounds; readonly trims: boolean }>> = {
  parseInt: { limit: INT, trims: false },
  toInteger: { limit: INT, trims: true },
  parseLong: { limit: LONG, trims: false },
  toLong: { limit: LONG, trims: true },
};

/** The texts of one leaf for which a test of a number that is computed from them holds; `textOf` says it of a term of texts. */
export function numberTest(term: FunctionTerm, test: PlanTest, textOf: TextOf): string | null {
  const bounds = boundsOf(term);
  const spans = bounds === null ? null : intervalsOf(test, bounds);
  return spans === null ? null : numberTexts(term, { spans, modulus: null }, textOf);
}

/** The values that a whole number may have; null for a term that weir does not know as one. */
function boundsOf(term: FunctionTerm): Bounds | null {
  const [inner, by] = term.args;
  const read = READERS[term.fn];
  const within = inner?.t === 'fn' && NUMERIC.has(inner.fn) ? boundsOf(inner) : null;
  if (read !== undefined) {
    if (within === null) return read.limit;
    // A number becomes a narrower one: the same where it fits.
    return within.min >= read.limit.min && within.max <= read.limit.max ? within : null;
  }
  if (within === null) return null;
  const divisor = wholeConstant(by);
  switch (term.fn) {
    case 'intValue':
      return within.min >= INT.min && within.max <= INT.max ? within : null;
    case 'longValue':
      return within;
    case 'mod':
      return divisor === null ? null : { min: 1n - divisor, max: divisor - 1n };
    case 'intdiv':
      return divisor === null ? null : { min: within.min / divisor, max: within.max / divisor };
    case 'abs':
      // Remainders and quotients reach as far down as up; the smallest number of all has no positive counterpart.
      return within.min === INT.min || within.min === LONG.min ? null : { min: 0n, max: -within.min };
    default:
      return null;
  }
}

const NUMERIC: ReadonlySet<string> = new Set([
  ...Object.keys(READERS),
  'mod',
  'abs',
  'intdiv',
  'intValue',
  'longValue',
]);

function wholeConstant(term: Term | undefined): bigint | null {
  if (term?.t !== 'const' || !('v' in term.value)) return null;
  if (term.value.t !== 'java.lang.Integer' && term.value.t !== 'java.lang.Long') return null;
  const value = BigInt(String(term.value.v));
  return value > 0n ? value : null;
}

/** The texts from which a term computes a wanted number. */
function numberTexts(term: FunctionTerm, wanted: WantedIntegers, textOf: TextOf): string | null {
  const [inner, by] = term.args;
  if (inner === undefined) return null;
  const isNumber = inner.t === 'fn' && NUMERIC.has(inner.fn);
  const divisor = wholeConstant(by);
  if (isNumber) {
    switch (term.fn) {
      case 'mod':
        return divisor === null || wanted.modulus !== null
          ? null
          : numberTexts(inner, { spans: wanted.spans, modulus: divisor }, textOf);
      case 'abs': {
        const both = wanted.spans.flatMap(({ min, max }) => [
          { min, max },
          { min: max === null ? null : -max, max: min === null ? null : -min },
        ]);
        return wanted.modulus === null ? numberTexts(inner, { ...wanted, spans: both }, textOf) : null;
      }
      case 'intdiv':
        if (divisor === null || wanted.modulus !== null) return null;
        return numberTexts(inner, { ...wanted, spans: wanted.spans.map((span) => dividends(span, divisor)) }, textOf);
      default:
        return numberTexts(inner, wanted, textOf);
    }
  }
  const read = READERS[term.fn];
  if (read === undefined) return null;
  const tail = lastCharacters(inner);
  if (tail !== null) {
    const short = shortTextRegex(tail, wanted, read.trims);
    return short === null ? null : `[\\s\\S]*${short}`;
  }
  const body = wantedTextRegex(wanted, read.limit);
  if (body === null) return null;
  return textOf(inner, read.trims ? `[\\x00- ]*${body}[\\x00- ]*` : body);
}

// The numbers whose quotient, cut towards zero, is in a span.
function dividends({ min, max }: IntegerInterval, divisor: bigint): IntegerInterval {
  return {
    min: min === null ? null : min > 0n ? min * divisor : (min - 1n) * divisor + 1n,
    max: max === null ? null : max < 0n ? max * divisor : (max + 1n) * divisor - 1n,
  };
}

/** `text.substring(text.length() - 2)` reads the last two characters of a leaf; null for other terms. */
export function lastCharacters(term: Term): number | null {
  if (term.t !== 'fn' || term.fn !== 'substring' || term.args.length !== 2) return null;
  const [text, from] = term.args;
  if (text === undefined || text.t === 'fn' || from?.t !== 'fn' || from.fn !== 'minus') return null;
  const [length, by] = from.args;
  if (length?.t !== 'fn' || length.fn !== 'length' || JSON.stringify(length.args) !== JSON.stringify([text]))
    return null;
  const count = wholeConstant(by);
  return count === null || count > 100n ? null : Number(count);
}

/** The integers inside `within` that pass a test, as intervals; null for tests that are not of this kind. */
export function intervalsOf(test: PlanTest, within: IntegerInterval): IntegerInterval[] | null {
  if (test.op === 'defined') return [within];
  if (test.op === 'truthy')
    return clip(
      [
        { min: null, max: -1n },
        { min: 1n, max: null },
      ],
      within,
    );
  if (test.op === 'eq') {
    const values = test.values.flatMap((value) => numberEqualTo(value) ?? []);
    return clip(
      values.map((value) => ({ min: value, max: value })),
      within,
    );
  }
  if (test.op === 'range') {
    const min = test.min === null ? null : boundOf(test.min, test.minOpen, 'up');
    const max = test.max === null ? null : boundOf(test.max, test.maxOpen, 'down');
    return clip([{ min, max }], within);
  }
  return null;
}

// The first integer inside a bound that is a decimal text.
function boundOf(text: string, open: boolean, direction: 'up' | 'down'): bigint {
  const exact = /^([-+]?\d+)(?:\.0*)?$/.exec(text);
  if (exact !== null) {
    const value = BigInt((exact[1] ?? '0').replace(/^\+/, ''));
    return open ? (direction === 'up' ? value + 1n : value - 1n) : value;
  }
  return BigInt(direction === 'up' ? Math.ceil(Number(text)) : Math.floor(Number(text)));
}

function clip(spans: readonly IntegerInterval[], within: IntegerInterval): IntegerInterval[] {
  return spans.flatMap((span) => {
    const min = span.min === null || (within.min !== null && within.min > span.min) ? within.min : span.min;
    const max = span.max === null || (within.max !== null && within.max < span.max) ? within.max : span.max;
    return min !== null && max !== null && min > max ? [] : [{ min, max }];
  });
}

/** The whole number that a constant equals: a text of one letter equals its code. */
function numberEqualTo(value: TypedValue): bigint | undefined {
  if (!('v' in value) || typeof value.v === 'object' || value.t === 'java.lang.Boolean') return undefined;
  const text = String(value.v);
  // A double's -0 lies below 0: no whole number equals it.
  if ((value.t === 'java.lang.Double' || value.t === 'java.lang.Float') && Object.is(Number(text), -0))
    return undefined;
  if (value.t !== 'java.lang.String' && value.t !== 'java.lang.Character') return wholeNumber(text);
  return text.length === 1 ? BigInt(text.charCodeAt(0)) : undefined;
}

/** The whole number that a decimal text stands for, `5.0` and `5e1` among them; undefined for a fraction and for no number. */
export function wholeNumber(text: string): bigint | undefined {
  const value = parseDecimal(text);
  if (value === undefined) return undefined;
  if (value.scale <= 0) return value.unscaled * 10n ** BigInt(-value.scale);
  const divisor = 10n ** BigInt(value.scale);
  return value.unscaled % divisor === 0n ? value.unscaled / divisor : undefined;
}
