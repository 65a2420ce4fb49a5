/** Rows of text as aligned columns. */
import { stripVTControlCharacters } from 'node:util';

/** Rows as left-aligned columns two spaces apart; styles take no room. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, width(cell));
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd(),
  );
}

// Application and sidecar names are ASCII by their grammar, so a character is a column.
function width(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
