/** Bundles src/ into dist/: one entry a command, shared code in chunks, so that a command loads only what it needs. */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import { loadGlobLate, stubDevtools } from './build/plugins.ts';

const root = dirname(import.meta.dirname);

// Programs that bin/run.js and weir start, besides the commands.
const PROGRAMS = [
  'src/host/enter-netns.ts',
  'src/present/run-cli.ts',
  'src/present/supervise-program.ts',
  'src/host/envoy/print-spec.ts',
  'src/host/tour/actor.ts',
  'src/host/probe-child.ts',
];

// Files that are shipped as they are: Java runs the source itself.
const ASSETS = ['host/oracle/GroovyOracle.java'];

// CommonJS code inside an ES module bundle still reads these names.
const banner = [
  "import { createRequire as __weirCreateRequire } from 'node:module';",
  'const require = __weirCreateRequire(import.meta.url);',
  'const __filename = import.meta.filename, __dirname = import.meta.dirname;',
].join('\n');

const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: [...PROGRAMS, ...globSync('src/commands/**/*.ts', { cwd: root })],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  legalComments: 'none',
  chunkNames: 'chunks/[name]-[hash]',
  define: { 'process.env.NODE_ENV': '"production"' },
  banner: { js: banner },
  metafile: true,
  write: false,
  logLevel: 'warning',
  plugins: [stubDevtools, loadGlobLate],
});

// Written only after the whole build went well, and old files go last: a weir that starts meanwhile finds all it needs.
const fresh = new Map(outputFiles.map(({ path, contents }) => [path, contents as Uint8Array | string]));
fresh.set(join(root, 'dist/metafile.json'), JSON.stringify(metafile));
for (const file of ASSETS) fresh.set(join(root, 'dist', file), readFileSync(join(root, 'src', file)));
for (const [path, contents] of fresh) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
for (const entry of globSync('dist/**/*.js', { cwd: root })) {
  if (!fresh.has(join(root, entry))) rmSync(join(root, entry));
}
process.stdout.write(`${fresh.size} files in ${relative(process.cwd(), join(root, 'dist')) || 'dist'}\n`);
