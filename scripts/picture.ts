/**
 * Draws docs/tour.svg from a real run of `weir tour` in a terminal (tmux): the picture of the README.
 * Needs tmux and what the tour needs. `npm run picture`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import xterm from '@xterm/headless';
import { $ } from 'zx';

const COLUMNS = 118;
const ROWS = 60;
const FONT_PX = 13;
const CELL_PX = { width: 7.83, height: 16 };
const COLOURS: Record<number, string> = { 1: '#e06c75', 2: '#98c379', 3: '#e5c07b', 4: '#61afef', 6: '#56b6c2' };
const INK = '#d7dae0';
const PAPER = '#1e2127';

const root = new URL('..', import.meta.url).pathname;
const output = join(root, 'docs', 'tour.svg');
const quiet = $({ quiet: true, env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: '1' } });
const socket = `weir-picture-${process.pid}`;

const command = `${process.execPath} ${join(root, 'bin/run.js')} tour; sleep 600`;
await quiet`tmux -L ${socket} new-session -d -x ${COLUMNS} -y ${ROWS} ${command}`;
try {
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, await draw(await finalScreen()));
} finally {
  await quiet`tmux -L ${socket} kill-server`.nothrow();
}

/** The screen with its styles once the tour has said its last line. */
async function finalScreen(): Promise<string> {
  for (let waited = 0; waited < 180; waited += 1) {
    const screen = (await quiet`tmux -L ${socket} capture-pane -e -p -S -200`).stdout;
    if (/steps as promised/.test(screen)) return screen.trimEnd();
    await sleep(1000);
  }
  throw new Error('the tour did not end within three minutes');
}

/** One text element a run of cells with the same style; `textLength` keeps columns in place whatever font is there. */
async function draw(screen: string): Promise<string> {
  const lines = screen.split('\n');
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: lines.length, allowProposedApi: true, convertEol: true });
  await new Promise<void>((resolve) => terminal.write(lines.join('\n'), resolve));
  const runs: string[] = [];
  for (let row = 0; row < lines.length; row += 1) runs.push(...drawRow(terminal, row));
  const width = COLUMNS * CELL_PX.width + 24;
  const height = lines.length * CELL_PX.height + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width.toFixed(0)}" height="${height}" role="img" aria-label="weir tour">`,
    `<rect width="100%" height="100%" rx="6" fill="${PAPER}"/>`,
    `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${FONT_PX}" fill="${INK}">`,
    ...runs,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function drawRow(terminal: InstanceType<typeof xterm.Terminal>, row: number): string[] {
  const line = terminal.buffer.active.getLine(row);
  const runs: { from: number; text: string; style: string }[] = [];
  for (let column = 0; column < COLUMNS; column += 1) {
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
