/** Bounds of computed terms, such as remainders and lengths. */
import type { Term } from '../../plan/plan-term.ts';
import type { Decimal } from '../values/decimal.ts';
import { isIntegral } from '../values/java-number.ts';
import { valueOfTyped } from '../values/typed-values.ts';
import { isKind } from '../values/values.ts';

/** Bounds of a term's value that follow from its function: remainders, lengths, counts. */
export interface TermBounds {
  readonly low?: { readonly at: Decimal; readonly open: boolean };
  readonly high?: { readonly at: Decimal; readonly open: boolean };
}

/** The bounds of a term, or undefined where there are none. */
export function termBounds(term: Term): TermBounds | undefined {
  const closed = (value: bigint) => ({ at: { unscaled: value, scale: 0 }, open: false });
  if (term.t === 'port') return { low: closed(0n), high: closed(65_535n) };
  if (term.t === 'paramCount' || term.t === 'argCount') return { low: closed(0n), high: closed(255n) };
  if (term.t !== 'fn') return undefined;
  if (term.fn === 'length' || term.fn === 'tokenCount' || term.fn === 'splitCount') return { low: closed(0n) };
  if (term.fn === 'indexOf' || term.fn === 'lastIndexOf') return { low: closed(-1n) };
  if (term.fn === 'bitAnd') {
    const mask = constant(term.args[1]);
    return mask !== undefined && mask >= 0n ? { low: closed(0n), high: closed(mask) } : undefined;
  }
  if (term.fn !== 'mod') return undefined;
  const modulus = constant(term.args[1]);
  if (modulus === undefined || modulus === 0n) return undefined;
  const size = modulus < 0n ? -modulus : modulus;
  const open = (value: bigint) => ({ at: { unscaled: value, scale: 0 }, open: true });
  const left = term.args[0];
  const nonNegative = left?.t === 'fn' && (termBounds(left)?.low?.at.unscaled ?? -1n) >= 0n;
  return { low: nonNegative ? closed(0n) : open(-size), high: open(size) };
}

function constant(term: Term | undefined): bigint | undefined {
  if (term?.t !== 'const') return undefined;
  const value = valueOfTyped(term.value);
  return isKind(value, 'number') && isIntegral(value) ? value.value : undefined;
}
