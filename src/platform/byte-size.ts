/** Sizes in bytes as people write them: 64KiB, 200MiB, 1GiB. */

/** The form of a size, for flags, mesh.yaml and every message about them. */
export const BYTE_SIZE_FORM = 'a whole number and a unit: 64KiB, 200MiB or 1GiB';

/** The same as a regular expression, for the JSON Schema of mesh.yaml. */
export const BYTE_SIZE_PATTERN = '^[1-9][0-9]*(KiB|MiB|GiB)$';

const UNIT_BYTES: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** The bytes of `64KiB`, `200MiB` or `1GiB`; null for anything else, and for more than a number holds exactly. */
export function parseByteSize(text: string): number | null {
  const match = /^([1-9][0-9]*)(KiB|MiB|GiB)$/.exec(text);
  if (match === null) return null;
  const bytes = Number(match[1]) * (UNIT_BYTES[match[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** Bytes as whole mebibytes, for reading: `212 MiB`. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
