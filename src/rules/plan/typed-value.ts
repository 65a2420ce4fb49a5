/**
 * A value with its Java class, numbers as text so that no Long is rounded: `{"t":"java.lang.Long","v":"123"}`.
 * `{"t":"null"}` is null; lists and maps hold typed values; a bean holds its fields, a missing field is null; an enum its name.
 */
export type TypedValue =
  | { readonly t: 'null' }
  | {
      readonly t: string;
      readonly v: string | boolean | number | readonly TypedValue[] | { readonly [field: string]: TypedValue };
    };

/** A short spelling for messages: `"vip"`, `10L`, `null`. */
export function describeTypedValue(value: TypedValue): string {
  if (!('v' in value)) return 'null';
  if (value.t === 'java.lang.String') return JSON.stringify(value.v);
  if (value.t === 'java.lang.Long') return `${String(value.v)}L`;
  return typeof value.v === 'object' ? JSON.stringify(value.v) : String(value.v);
}
