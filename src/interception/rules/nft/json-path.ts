/** Some value of a JSON document that was not looked at yet. */
export type Json = unknown;

/** The value under a path of keys and indices, undefined when there is none. */
export function at(value: Json, ...path: readonly (string | number)[]): Json {
  let found: Json = value;
  for (const step of path) {
    if (found === null || typeof found !== 'object' || !Object.hasOwn(found, step)) return undefined;
    found = (found as Record<string | number, Json>)[step];
  }
  return found;
}

/** The value under one key. Thousands of elements are read by this, so it makes no list of its steps. */
export function member(value: Json, key: string | number): Json {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, Json>)[key];
}

/** The value under a path if it is a text. */
export function textAt(value: Json, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The value under a path if it is a number. */
export function numberAt(value: Json, ...path: readonly (string | number)[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The items under a path if it is a list, else none. */
export function listAt(value: Json, ...path: readonly (string | number)[]): readonly Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The only key of an object with one key, which is how nft names a statement or an expression. */
export function soleKey(value: Json): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const keys = Object.keys(value);
  return keys.length === 1 ? keys[0] : undefined;
}
