/** Lines of a table on stdout: the first column to the left, the others to the right, in these widths. */
export function textTable(widths: readonly number[]): (...cells: readonly (string | number)[]) => void {
  return (...cells) => {
    const parts = cells.map((cell, index) => {
      const text = typeof cell === 'number' && !Number.isInteger(cell) ? cell.toFixed(1) : String(cell);
      return index === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[index] ?? 0);
    });
    process.stdout.write(`${parts.join(' ').trimEnd()}\n`);
  };
}
