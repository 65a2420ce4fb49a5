/** The pictures of the guides: real runs of weir on a terminal, which need no root and say the same on every machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { cleanEnvironment } from '../../test/run-weir.ts';
import { drawTerminal } from './draw-terminal.ts';

/** A command, and the file below docs/captures that shows it. */
export interface Capture {
  readonly name: string;
  /** As a reader would type it. */
  readonly command: string;
}

const COLUMNS = 96;

/** The pictures. Each runs in a folder with the files of docs/examples and those of `FILES`. */
export const CAPTURES: readonly Capture[] = [
  { name: 'first-page', command: 'weir' },
  { name: 'config-check', command: 'weir config check --config mesh.yaml --offline' },
  {
    name: 'rules-convert',
    command: 'weir rules convert rules/pricing.groovy --case rules/case.json --out mesh --oracle none',
  },
  { name: 'fleet-lint', command: 'weir fleet lint sidecarset.yaml' },
];

const FILES = {
  'mesh.yaml': `apiVersion: weir.dev/v1
sidecars:
  main: {user: envoy, outbound: 15001, inbound: 15006, admin: "unix:/run/weir/main/admin.sock"}
apps:
  payment: {select: {usr: payment}, sidecar: main}
  orders: {select: {user: orders}, sidecar: mian}
`,
  'sidecarset.yaml': `apiVersion: apps.kruise.io/v1alpha1
kind: SidecarSet
metadata: {name: mesh}
spec:
  selector: {matchLabels: {mesh: "on"}}
  updateStrategy: {type: RollingUpdate, maxUnavailable: 0}
  containers:
    - name: sidecar
      image: registry.example/sidecar:1.39.3
      upgradeStrategy: {upgradeType: HotUpgrade}
`,
};

/** Runs a capture in `folder`, an empty one, and draws it. `root` is the folder of the project, with dist/. */
export async function takeCapture(root: string, folder: string, { command, name }: Capture): Promise<string> {
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'docs/examples'), folder, { recursive: true });
  for (const [file, text] of Object.entries(FILES)) writeFileSync(join(folder, file), text);
  const weir = `'${process.execPath}' '${join(root, 'bin/run.js')}'`;
  // A terminal of that width; commands that find something end with 1, which is no failure of the picture.
  const typed = `stty cols ${COLUMNS} rows 60; ${command.replace(/^weir/, weir)} 2>&1; true`;
  const env = cleanEnvironment({ TERM: 'xterm-256color', FORCE_COLOR: '1', LC_ALL: 'C.UTF-8', SHELL: '/bin/sh' });
  const child = spawn('script', ['--quiet', '--return', '--command', typed, '/dev/null'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [shown] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const screen = shown.replaceAll('\r\n', '\n').trimEnd();
  if (screen === '') throw new Error(`the capture ${name} is empty: ${command}`);
  return drawTerminal(`\u001b[2m$\u001b[22m ${command}\n${screen}`, COLUMNS, command);
}
