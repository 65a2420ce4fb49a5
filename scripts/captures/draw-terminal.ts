/** Draws what a terminal shows as an SVG. */
import xterm from '@xterm/headless';

const FONT_PX = 13;
const CELL_PX = { width: 7.83, height: 16 };
const COLOURS: Record<number, string> = { 1: '#e06c75', 2: '#98c379', 3: '#e5c07b', 4: '#61afef', 6: '#56b6c2' };
const INK = '#d7dae0';
const PAPER = '#1e2127';

/**
 * The lines of a screen with their escapes as a picture; `label` is its text for those who do not see it. One text element
 * a run of cells with the same style; `textLength` keeps columns in place whatever font is there.
 */
export async function drawTerminal(screen: string, columns: number, label: string): Promise<string> {
  const lines = screen.split('\n');
  const terminal = new xterm.Terminal({ cols: columns, rows: lines.length, allowProposedApi: true, convertEol: true });
  await new Promise<void>((resolve) => terminal.write(lines.join('\n'), resolve));
  const runs: string[] = [];
  for (let row = 0; row < lines.length; row += 1) runs.push(...drawRow(terminal, row, columns));
  const width = columns * CELL_PX.width + 24;
  const height = lines.length * CELL_PX.height + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width.toFixed(0)}" height="${height}" role="img" aria-label="${escapeXml(label)}">`,
    `<rect width="100%" height="100%" rx="6" fill="${PAPER}"/>`,
    `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${FONT_PX}" fill="${INK}">`,
    ...runs,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function drawRow(terminal: InstanceType<typeof xterm.Terminal>, row: number, columns: number): string[] {
  const line = terminal.buffer.active.getLine(row);
  const runs: { from: number; text: string; style: string }[] = [];
  for (let column = 0; column < columns; column += 1) {
    const cell = line?.getCell(column);
    const text = cell?.getChars() || ' ';
    const colour = cell?.isFgPalette() ? COLOURS[cell.getFgColor() % 8] : undefined;
    const style = [
      colour && `fill="${colour}"`,
      cell?.isBold() && 'font-weight="bold"',
      cell?.isDim() && 'opacity="0.6"',
    ]
      .filter(Boolean)
      .join(' ');
    const last = runs.at(-1);
    if (last?.style === style) last.text += text;
    else runs.push({ from: column, text, style });
  }
  return runs
    .filter(({ text }) => text.trim() !== '')
    .map(({ from, text, style }) => {
      const kept = text.trimEnd();
      const x = (12 + from * CELL_PX.width).toFixed(1);
      const y = (12 + row * CELL_PX.height + FONT_PX).toFixed(1);
      const length = (kept.length * CELL_PX.width).toFixed(1);
      return `<text x="${x}" y="${y}" textLength="${length}" xml:space="preserve"${style === '' ? '' : ` ${style}`}>${escapeXml(kept)}</text>`;
    });
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
