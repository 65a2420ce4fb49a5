/** Bundles src/ into dist/: one entry a command, shared code in chunks, so that a command loads only what it needs. */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import { PROGRAMS, type ProgramName } from '../src/platform/process/programs.ts';
import {
  ASSETS,
  banner,
  common,
  ENTRIES,
  HOT,
  hotEntry,
  LATE,
  NEVER_INLINE,
  PLAIN,
  QUICK,
  ROOT,
  SHORT,
} from './build/options.ts';
import { lateFromCommands, loadGlobLate, stubDevtools } from './build/plugins.ts';
import { requireBuiltins } from './build/require-builtins.ts';

const entryOf = (name: ProgramName) => `src/programs/${PROGRAMS[name]}`;
const stay = (Object.keys(PROGRAMS) as ProgramName[]).filter((name) => !SHORT.includes(name)).map(entryOf);

const { metafile, outputFiles } = await build({
  ...common,
  entryPoints: [...ENTRIES, ...LATE, ...NEVER_INLINE, ...stay, ...globSync('src/commands/**/*.ts', { cwd: ROOT })],
  outdir: 'dist',
  splitting: true,
  format: 'esm',
  chunkNames: 'chunks/[name]-[hash]',
  banner: { js: banner },
  metafile: true,
  plugins: [stubDevtools, loadGlobLate],
});

const short = await build({
  ...common,
  entryPoints: SHORT.map(entryOf),
  outdir: 'dist',
  format: 'esm',
  banner: { js: banner },
});

const quick = await build({
  ...common,
  entryPoints: QUICK,
  outdir: 'dist/quick',
  entryNames: '[name]',
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  plugins: [lateFromCommands(LATE)],
});

const hot = await Promise.all(
  HOT.map((command) =>
    build({
      ...common,
      stdin: hotEntry(command),
      outfile: `dist/quick/command-${command}.cjs`,
      format: 'cjs',
      banner: { js: "const __weirUrl = require('url').pathToFileURL(__filename).href;" },
      define: { ...common.define, 'import.meta.url': '__weirUrl' },
      alias: PLAIN,
      plugins: [lateFromCommands(NEVER_INLINE, 'inline'), stubDevtools],
    }),
  ),
);

// Written only after the whole build went well, and old files go last: a weir that starts meanwhile finds all it needs.
const fresh = new Map<string, Uint8Array | string>(
  [...quick.outputFiles, ...hot.flatMap((one) => one.outputFiles)].map(({ path, contents }) => [path, contents]),
);
for (const { path, text } of [...outputFiles, ...short.outputFiles]) fresh.set(path, requireBuiltins(path, text));
fresh.set(join(ROOT, 'dist/metafile.json'), JSON.stringify(metafile));
for (const file of ASSETS) fresh.set(join(ROOT, 'dist', file), readFileSync(join(ROOT, 'src', file)));
for (const [path, contents] of fresh) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
for (const entry of globSync('dist/**/*.{js,cjs}', { cwd: ROOT })) {
  if (!fresh.has(join(ROOT, entry))) rmSync(join(ROOT, entry));
}
process.stdout.write(`${fresh.size} files in ${relative(process.cwd(), join(ROOT, 'dist')) || 'dist'}\n`);
