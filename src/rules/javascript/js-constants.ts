/** Numbers of constant texts as Nashorn reads them. */
import type { JsValue } from './js-value.ts';

/** Texts that all engines take for the same characters. */
export const ASCII = /^[ -~]*$/;

/** The highest base in which the text of null is no number. */
const HIGHEST_BASE = 23;

/** The base that a call of `parseInt` names, 0 where it names none; null for one that weir does not follow. */
export function baseOf(base: JsValue | undefined): number | null {
  if (base === undefined || base.k === 'undefined') return 0;
  if (base.k !== 'number') return null;
  return base.value === 0 || (Number.isInteger(base.value) && base.value >= 2 && base.value <= HIGHEST_BASE)
    ? base.value
    : null;
}

/** `parseInt` of a constant; null where engines may differ. */
export function parseIntOf(text: string, base: number): JsValue | null {
  if (!ASCII.test(text)) return null;
  const value = Number.parseInt(text, base);
  return Math.abs(value) > Number.MAX_SAFE_INTEGER ? null : { k: 'number', value };
}

/**
 * `Number(constant)`; null where weir does not say. Nashorn leaves what follows the first sign of decimals to Java, which takes
 * one more.
 */
export function numberOfText(text: string): JsValue | null {
  if (!ASCII.test(text)) return null;
  const trimmed = text.trim();
  const hex = /^([-+]?)0x([0-9a-f]{1,13})$/i.exec(trimmed);
  if (hex) return signed(hex[1] ?? '', Number.parseInt(hex[2] ?? '', 16));
  if (/^[-+]?0x[0-9a-f]+$/i.test(trimmed)) return null;
  const decimal = /^([-+]{0,2})((?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i.exec(trimmed);
  if (decimal) return signed(decimal[1] ?? '', Number(decimal[2]));
  // Empty is 0, Infinity with one sign is endless, and all else NaN, as everywhere.
  return { k: 'number', value: /^0[bo]/i.test(trimmed) ? Number.NaN : Number(trimmed) };
}

function signed(signs: string, value: number): JsValue {
  const negative = signs.replaceAll('+', '').length === 1;
  return { k: 'number', value: negative ? -value : value };
}
