/**
 * Draws docs/tour.svg from a real run of `weir tour` in a terminal (tmux): the picture of the README.
 * Needs tmux and what the tour needs. `npm run picture`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { $ } from 'zx';
import { drawTerminal } from './captures/draw-terminal.ts';

const COLUMNS = 118;
const ROWS = 60;

const root = new URL('..', import.meta.url).pathname;
const output = join(root, 'docs', 'tour.svg');
const quiet = $({ quiet: true, env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: '1' } });
const socket = `weir-picture-${process.pid}`;

const command = `${process.execPath} ${join(root, 'bin/run.js')} tour; sleep 600`;
await quiet`tmux -L ${socket} new-session -d -x ${COLUMNS} -y ${ROWS} ${command}`;
try {
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, await drawTerminal(await finalScreen(), COLUMNS, 'weir tour'));
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
