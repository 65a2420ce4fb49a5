/** The packaged weir: Node and all scripts of weir in one executable, with their compiled code. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'postject';
import { ROOT } from '../build/options.ts';
import { bundleScripts } from './bundle.ts';

/** The word in Node's binary that says where a single executable application is, by Node's manual. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Command lines that end at once and change nothing; what they run is in the compiled code. */
const TYPICAL: readonly (readonly string[])[] = [
  ...['status', 'verify', 'on', 'plan', 'confirm', 'uninstall', 'off'].map((name) => [name, 'none']),
  ['--help'],
  ['help', 'exit-codes'],
  ['rules', 'inspect', '/nonexistent'],
  ['sidecar', 'status'],
  ['discovery', 'lint'],
  ['fleet', 'schema'],
];

/** The Node that runs weir, as the package `node` has it. */
export const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');

/** Writes the executable to `file`; `version` stands in for that of package.json. Needs strip of binutils. */
export async function buildExecutable(file: string, version: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'weir-package-'));
  try {
    const scripts = join(work, 'scripts');
    const compiled = join(work, 'compiled');
    for (const folder of [scripts, compiled]) mkdirSync(folder);
    for (const [name, text] of await bundleScripts(version)) writeFileSync(join(scripts, name), text);
    compile(scripts, compiled);
    const config = join(work, 'sea.json');
    const blob = join(work, 'sea.blob');
    writeFileSync(join(work, 'main.cjs'), mainText(readFileSync(join(scripts, 'entry.cjs'), 'utf8')));
    const assets = Object.fromEntries(
      [scripts, compiled].flatMap((folder) =>
        globSync('*', { cwd: folder })
          .sort()
          .map((name) => [name, join(folder, name)]),
      ),
    );
    writeFileSync(
      config,
      JSON.stringify({
        // As it stands here it is in the executable: no path of this machine.
        main: 'main.cjs',
        output: blob,
        disableExperimentalSEAWarning: true,
        // Of the environment only weir's own variables count: a NODE_OPTIONS of some application must not stop weir.
        execArgvExtension: 'cli',
        assets,
      }),
    );
    execFileSync(NODE, ['--experimental-sea-config', config], {
      cwd: work,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {},
    });
    copyFileSync(NODE, file);
    // Before the injection: a stripped executable would lose its scripts.
    execFileSync('strip', ['--strip-all', file]);
    const told = console.warn;
    console.warn = () => {};
    await inject(file, 'NODE_SEA_BLOB', readFileSync(blob), { sentinelFuse: FUSE });
    console.warn = told;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function compile(scripts: string, out: string): void {
  // Nothing of this machine: not its tools, its mesh.yaml nor its state.
  const place = (name: string) => join(out, '..', 'empty', name);
  const env = {
    ...{ PATH: '/nonexistent', HOME: '/nonexistent', LC_ALL: 'C' },
    ...{ WEIR_CONFIG: place('mesh.yaml'), WEIR_RUN_DIR: place('run'), WEIR_STATE_DIR: place('state') },
  };
  // Else V8 seeds its hashes anew in each process, and two builds differ.
  const predictable = (file: string) => ['--predictable', '--random-seed=1', join(ROOT, 'scripts/package', file)];
  for (const words of TYPICAL) {
    const argv = [...predictable('warm.cjs'), scripts, out, ...words];
    try {
      execFileSync(NODE, argv, { stdio: 'ignore', env, timeout: 60_000 });
    } catch (error) {
      // They are to end with findings or refusals; only a signal or a crash of Node is a mistake.
      const { status } = error as { status: number | null };
      if (status === null || status > 69) throw error;
    }
  }
  execFileSync(NODE, [...predictable('renumber.cjs'), scripts, out], { stdio: ['ignore', 'ignore', 'inherit'], env });
}

function mainText(entry: string): string {
  return `${entry}
const sea = require('node:sea');
const compiled = new Set(sea.getAssetKeys().filter((name) => name.endsWith('.cache')));
module.exports.start({
  text: (name) => Buffer.from(sea.getRawAsset(name)).latin1Slice(),
  cache: (name) => (compiled.has(name + '.cache') ? Buffer.from(sea.getRawAsset(name + '.cache')) : undefined),
});
`;
}
