/**
 * The attachments in which the consumer Filter of weir-dubbo.jar writes arguments for Envoy (ArgumentsFilter.java; the same
 * vectors test both).
 */

import { valueClassOf } from '../../groovy/values/concrete.ts';
import { parseDecimal } from '../../groovy/values/decimal.ts';
import type { JavaNumber } from '../../groovy/values/java-number.ts';
import { valueOfTyped } from '../../groovy/values/typed-values.ts';
import { isKind, type Value } from '../../groovy/values/values.ts';
import type { TypedValue } from '../../plan/typed-value.ts';

/** Most arguments and declared parameters that are promoted. */
export const MOST_ARGUMENTS = 16;

/** Longest text of an argument that is promoted, in UTF-16 units. */
export const LONGEST_TEXT = 1024;

/** The number of arguments: a call without it has not passed the Filter, or is too large for it. */
export const ARGUMENT_COUNT = 'weir.argc';

/** The number of declared parameters. */
export const PARAMETER_COUNT = 'weir.pc';

/** `Class.getName()` of a declared parameter. */
export function parameterKey(index: number): string {
  return `weir.p${index}`;
}

/** The class of an argument: a name of ValueClass. */
export function classKey(index: number): string {
  return `weir.t${index}`;
}

/** The text of a String, Character, Boolean or number; absent for other classes. */
export function textKey(index: number): string {
  return `weir.a${index}`;
}

/** The attachments of a call that passed the Filter; null where it is too large and gets none. */
export function promotedArguments(
  paramTypes: readonly string[],
  args: readonly TypedValue[],
): ReadonlyMap<string, string> | null {
  if (args.length > MOST_ARGUMENTS || paramTypes.length > MOST_ARGUMENTS) return null;
  const attachments = new Map([
    [ARGUMENT_COUNT, String(args.length)],
    [PARAMETER_COUNT, String(paramTypes.length)],
    ...paramTypes.map((type, index) => [parameterKey(index), type] as const),
  ]);
  for (const [index, arg] of args.entries()) {
    const value = valueOfTyped(arg);
    attachments.set(classKey(index), valueClassOf(value));
    const text = promotedText(value);
    if (text !== null && text.length > LONGEST_TEXT) return null;
    if (text !== null) attachments.set(textKey(index), text);
  }
  return attachments;
}

function promotedText(value: Value): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (isKind(value, 'char')) return value.text;
  return isKind(value, 'number') ? canonicalNumber(value) : null;
}

/** A number as a plain decimal: no exponent, no zero too many; `-0`, `NaN` and the infinities as Java names them. */
export function canonicalNumber({ value }: JavaNumber): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'number') return plain(value.unscaled, value.scale);
  if (Object.is(value, -0)) return '-0';
  if (!Number.isFinite(value)) return String(value);
  const decimal = parseDecimal(String(value));
  return decimal === undefined ? String(value) : plain(decimal.unscaled, decimal.scale);
}

function plain(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled);
  if (scale <= 0) return unscaled === 0n ? '0' : `${sign}${digits}${'0'.repeat(-scale)}`;
  const padded = digits.padStart(scale + 1, '0');
  const fraction = padded.slice(-scale).replace(/0+$/, '');
  const whole = padded.slice(0, -scale);
  return fraction === '' ? (/^0+$/.test(whole) ? '0' : `${sign}${whole}`) : `${sign}${whole}.${fraction}`;
}
