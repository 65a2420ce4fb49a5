/** Bundles src/ into dist/: one entry a command, shared code in chunks, so that a command loads only what it needs. */
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname.replace(/\/$/, '');

// CommonJS code inside an ES module bundle still reads these names.
const banner = [
  "import { createRequire as __weirCreateRequire } from 'node:module';",
  "import { dirname as __weirDirname } from 'node:path';",
  "import { fileURLToPath as __weirFileURLToPath } from 'node:url';",
  'const require = __weirCreateRequire(import.meta.url);',
  'const __filename = __weirFileURLToPath(import.meta.url);',
  'const __dirname = __weirDirname(__filename);',
].join('\n');

const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/cli.ts', ...globSync('src/commands/**/*.ts', { cwd: root })],
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
  plugins: [
    {
      // ink asks for the developer tools of React, which are not installed and never used in a terminal.
      name: 'without-devtools',
      setup(pluginBuild) {
        pluginBuild.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'stub' }));
        pluginBuild.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: 'export default undefined;' }));
      },
    },
  ],
});

// Written only after the whole build went well, and old files go last: a weir that starts meanwhile finds all it needs.
const fresh = new Map(outputFiles.map(({ path, contents }) => [path, contents as Uint8Array | string]));
fresh.set(join(root, 'dist/metafile.json'), JSON.stringify(metafile));
for (const [path, contents] of fresh) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
for (const entry of globSync('dist/**/*.js', { cwd: root })) {
  if (!fresh.has(join(root, entry))) rmSync(join(root, entry));
}
process.stdout.write(`${fresh.size} files in ${relative(process.cwd(), join(root, 'dist')) || 'dist'}\n`);
