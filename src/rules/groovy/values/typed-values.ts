/** Conversion between the machine's values and the typed values of cases and plans. */
import type { TypedValue } from '../../plan/typed-value.ts';
import { concreteText } from './concrete.ts';
import { parseDecimal } from './decimal.ts';
import { decimal, floating, type IntegralClass, integral, numberToText } from './java-number.ts';
import { isKind, type Value } from './values.ts';

const INTEGRAL = new Set(['Byte', 'Short', 'Integer', 'Long', 'BigInteger']);

/** The value that a typed value of a case file or plan stands for. A class that weir does not know is a bean or an enum. */
export function valueOfTyped(typed: TypedValue): Value {
  if (!('v' in typed)) return null;
  // Lists and maps can change: only values that cannot are shared.
  if (typeof typed.v === 'object') return readTyped(typed);
  let value = SCALARS.get(typed);
  if (value === undefined) {
    value = readTyped(typed);
    SCALARS.set(typed, value);
  }
  return value;
}

// A proof compares each constant with thousands of others.
const SCALARS = new WeakMap<TypedValue, Value>();

function readTyped(typed: Exclude<TypedValue, { readonly t: 'null' }>): Value {
  const { t, v } = typed;
  const simple = t.slice(t.lastIndexOf('.') + 1);
  if (t === 'java.lang.String') return String(v);
  if (t === 'java.lang.Boolean') return v === true || v === 'true';
  if (t === 'java.lang.Character') return { kind: 'char', text: String(v) };
  const standard = t.startsWith('java.lang.') || t.startsWith('java.math.');
  if (standard && INTEGRAL.has(simple)) return integral(simple as IntegralClass, BigInt(String(v)));
  if (t === 'java.lang.Double' || t === 'java.lang.Float')
    return floating(simple as 'Double' | 'Float', javaDouble(String(v)));
  if (t === 'java.math.BigDecimal') return decimal(parseDecimal(String(v)) ?? { unscaled: 0n, scale: 0 });
  if (Array.isArray(v)) {
    const sort = t.startsWith('[') || t.endsWith('[]') ? 'array' : t.endsWith('Set') ? 'set' : 'list';
    return { kind: 'list', sort, items: v.map((item: TypedValue) => valueOfTyped(item)), birth: 0 };
  }
  if (typeof v === 'object') {
    const fields = Object.entries(v as Readonly<Record<string, TypedValue>>).map(
      ([name, item]) => [name, valueOfTyped(item)] as const,
    );
    if (t.endsWith('Map')) {
      return {
        kind: 'map',
        entries: new Map(fields.map(([name, item]) => [`s${name}`, [name, item] as const])),
        birth: 0,
      };
    }
    return { kind: 'host', type: 'bean', cls: t, fields: Object.fromEntries(fields) };
  }
  return { kind: 'host', type: 'enum', cls: t, name: String(v) };
}

function javaDouble(text: string): number {
  return text === 'NaN' ? Number.NaN : text.endsWith('Infinity') ? Number(text) : Number.parseFloat(text);
}

/** A plain value in the form that plans hold. Texts of GStrings become Strings. */
export function typedOfValue(value: Value): TypedValue {
  if (value === null) return { t: 'null' };
  if (typeof value === 'boolean') return { t: 'java.lang.Boolean', v: value };
  if (isKind(value, 'number')) {
    return { t: `java.${value.cls.startsWith('Big') ? 'math' : 'lang'}.${value.cls}`, v: numberToText(value) };
  }
  if (isKind(value, 'char')) return { t: 'java.lang.Character', v: value.text };
  return { t: 'java.lang.String', v: concreteText(value) };
}
