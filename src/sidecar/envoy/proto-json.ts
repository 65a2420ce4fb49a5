/** Reading protobuf messages that somebody wrote as YAML or JSON: both spellings of a field, and numbers as texts. */

type Plain = Readonly<Record<string, unknown>>;

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A field of a message; protobuf's JSON takes `port_value` and `portValue` alike. Undefined when it is not there. */
export function protoField(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const message = value as Plain;
  return message[name] ?? message[camelCase(name)];
}

/** The field at the end of a path of fields. */
export function protoPath(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce(protoField, value);
}

/** The items of a repeated field; a field that is not there has none. */
export function protoList(value: unknown, name: string): readonly unknown[] {
  const found = protoField(value, name);
  return Array.isArray(found) ? found : [];
}

/** A number, which protobuf's JSON also takes as a text; null for anything else. */
export function protoNumber(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** A Duration ("1.5s") in milliseconds; null when it is none. */
export function protoDurationMs(value: unknown): number | null {
  const seconds = typeof value === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(value)?.[1] : undefined;
  return seconds === undefined ? null : Number(seconds) * 1000;
}

/** Every message below a value, itself included, depth first. */
export function* protoMessages(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value;
  for (const child of Object.values(value)) yield* protoMessages(child);
}
