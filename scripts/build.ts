/** Bundles src/ into dist/: one entry a command, shared code in chunks, so that a command loads only what it needs. */
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;

// ink asks for the developer tools of React, which are not installed and never used in a terminal.
const withoutDevtools = `export default undefined;`;

// CommonJS code inside an ES module bundle still reads these names.
const banner = [
  "import { createRequire as __weirCreateRequire } from 'node:module';",
  "import { dirname as __weirDirname } from 'node:path';",
  "import { fileURLToPath as __weirFileURLToPath } from 'node:url';",
  'const require = __weirCreateRequire(import.meta.url);',
  'const __filename = __weirFileURLToPath(import.meta.url);',
  'const __dirname = __weirDirname(__filename);',
].join('\n');

const { metafile } = await build({
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
  write: true,
  logLevel: 'warning',
  plugins: [
    {
      name: 'without-devtools',
      setup(pluginBuild) {
        pluginBuild.onStart(() => rmSync(`${root}/dist`, { recursive: true, force: true }));
        pluginBuild.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'stub' }));
        pluginBuild.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: withoutDevtools }));
      },
    },
  ],
});
mkdirSync(`${root}/dist`, { recursive: true });
writeFileSync(`${root}/dist/metafile.json`, JSON.stringify(metafile));
