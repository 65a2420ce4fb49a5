/** Evaluates the tests of the target envoy on the texts of a call. */
import type { RoutingCall } from '../case-file.ts';
import { compareDecimals, parseDecimal } from '../groovy/values/decimal.ts';
import { compileJavaRegex } from '../regex/run-pattern.ts';
import type { DecimalRange, EnvoyTest, EnvoyText } from '../targets/envoy/envoy-test.ts';
import { promotedArguments } from '../targets/envoy/promoted-arguments.ts';

/** What the codec reads of a call: the method and text attachments, among them those of the Filter. */
export interface CallTexts {
  readonly method: string;
  readonly attachments: ReadonlyMap<string, string>;
}

/** The texts of a call that passed the consumer Filter. */
export function textsOf({ method, attachments, paramTypes, args }: RoutingCall): CallTexts {
  const promoted = promotedArguments(paramTypes, args) ?? new Map<string, string>();
  return { method, attachments: new Map([...Object.entries(attachments), ...promoted]) };
}

/** Whether a test holds for the texts of a call. */
export function testHolds(test: EnvoyTest, texts: CallTexts): boolean {
  if ('all' in test) return test.all.every((one) => testHolds(one, texts));
  if ('any' in test) return test.any.some((one) => testHolds(one, texts));
  if ('not' in test) return !testHolds(test.not, texts);
  if ('method' in test) return textHolds(test.method, texts.method);
  const value = texts.attachments.get(test.attachment);
  return value !== undefined && textHolds(test.text, value);
}

function textHolds(text: EnvoyText, value: string): boolean {
  if ('in' in text) return text.in.includes(value);
  if ('prefix' in text) return value.startsWith(text.prefix);
  if ('suffix' in text) return value.endsWith(text.suffix);
  if ('contains' in text) return value.includes(text.contains);
  if ('present' in text) return true;
  if ('regex' in text) return compileJavaRegex(javaSpelling(text.regex)).matches(value);
  if ('number' in text) return inRange(value, text.number);
  if (!/^-?\d+$/.test(value)) return false;
  const residue = BigInt(value) % BigInt(text.residue.modulus);
  return text.residue.spans.some(([min, max]) => residue >= BigInt(min) && residue <= BigInt(max));
}

/** RE2's pattern as Java writes it. */
export function javaSpelling(pattern: string): string {
  return pattern.replace(/\\x\{([0-9a-fA-F]{1,4})\}/g, (_, hex: string) => `\\u${hex.padStart(4, '0')}`);
}

function inRange(value: string, { min, minOpen, max, maxOpen }: DecimalRange): boolean {
  if (value === 'NaN' || value === 'Infinity') return max === null;
  if (value === '-Infinity') return min === null;
  const order = (bound: string): number => {
    const [left, right] = [parseDecimal(value), parseDecimal(bound)];
    if (left === undefined || right === undefined) return Number.NaN;
    const sign = compareDecimals(left, right);
    return sign === 0 && value === '-0' ? -1 : sign;
  };
  if (min !== null && !(order(min) > 0 || (!minOpen && order(min) === 0))) return false;
  return max === null || order(max) < 0 || (!maxOpen && order(max) === 0);
}
