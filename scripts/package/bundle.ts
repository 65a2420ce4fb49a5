/** The scripts of the packaged weir: src/ and bin/run.js as files of CommonJS, which one executable of Node can hold. */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parse } from 'acorn';
import { type BuildOptions, build, type Plugin, transform } from 'esbuild';
import { PROGRAMS } from '../../src/platform/process/programs.ts';
import { banner, common, ENTRIES, HOT, hotEntry, LATE, PLAIN, QUICK, ROOT } from '../build/options.ts';
import { loadGlobLate, stubDevtools } from '../build/plugins.ts';

/** The commands of a topic that share a file, by the first word of a command; all others are in `base`. */
const GROUPS: Readonly<Record<string, string>> = {
  rules: 'rules',
  sidecar: 'sidecar',
  discovery: 'discovery',
  fleet: 'fleet',
  host: 'fleet',
  operator: 'fleet',
};

/** The module that draws; it has top-level await, so what imports it is loaded late, as a module of its own. */
const DRAWS = /^import .* from '(?:ink|react)'/m;

/** Whether a file of src/ reaches that module by imports that are not late. */
function isDrawing(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  const text = readFileSync(join(ROOT, file), 'utf8');
  if (DRAWS.test(text)) return true;
  const imports = [...text.matchAll(/^(?:import|export) (?!type ).*? from '(\.{1,2}\/[^']+)'/gms)];
  return imports.some(([, path = '']) => isDrawing(join(dirname(file), path), seen));
}

/** The scripts by name, and what the entry reads first: `index.json`. All text is ASCII. */
export async function bundleScripts(version: string): Promise<Map<string, string>> {
  const scripts = new Map<string, string>();
  const add = async (name: string, options: BuildOptions) => {
    const { outputFiles } = await build({ ...cjs, ...options, outfile: `out/${name}` });
    const text = outputFiles?.[0]?.text ?? '';
    scripts.set(name, toAscii(text).replaceAll(/\bimport\("weir:module\/([\w-]+)"\)/g, '__weirModule("$1")'));
  };
  const names = { quick: [] as string[], programs: Object.keys(PROGRAMS) };

  for (const file of QUICK) {
    names.quick.push(basename(file, '.ts'));
    await add(`${basename(file, '.ts')}.cjs`, { entryPoints: [file], plugins: [late, asScript] });
  }
  for (const command of HOT) {
    names.quick.push(`command-${command}`);
    await add(`command-${command}.cjs`, {
      stdin: hotEntry(command),
      alias: PLAIN,
      plugins: [late, stubDevtools, asScript],
    });
  }
  const commands = globSync('src/commands/**/*.ts', { cwd: ROOT })
    .map((file) => file.replace(/^src\/commands\/|\.ts$/g, ''))
    .sort();
  for (const group of new Set(['base', ...Object.values(GROUPS)])) {
    const own = commands.filter((name) => (GROUPS[name.split('/')[0] ?? ''] ?? 'base') === group);
    const lines = own.map((name) => `'${name.replaceAll('/', ':')}': () => import('./commands/${name}.ts'),`);
    const contents = `export { runCli } from './cli/run-cli.ts';\nexport const commands = { ${lines.join('\n')} };\n`;
    await add(`group-${group}.cjs`, { stdin: inSource(contents), plugins: [late, ...libraries, asScript] });
  }
  const lateFiles = [...LATE, ...ENTRIES.filter((file) => file.startsWith('src/platform/'))];
  const lateLines = lateFiles.map((file) => `'${file}': () => require('./${file.slice('src/'.length)}'),`);
  const lateText = `export const late = { ${lateLines.join('\n')} };\n`;
  await add('late.cjs', { stdin: inSource(lateText), plugins: [...libraries, asScript] });

  for (const [name, file] of Object.entries(PROGRAMS)) {
    await add(`program-${name}.cjs`, { entryPoints: [`src/programs/${file}`], plugins: [...libraries, asScript] });
  }
  for (const file of [...drawing].sort()) {
    const name = `${basename(file, '.ts')}.mjs`;
    // A data URL is no place from which anything could be required.
    const inModule = banner
      .replaceAll('import.meta.url', 'process.execPath')
      .replaceAll('import.meta.', 'import.meta?.');
    const esm = { ...cjs, format: 'esm', banner: { js: inModule }, define: common.define } as const;
    await add(name, { ...esm, entryPoints: [file], plugins: libraries });
  }
  await add('run.cjs', { entryPoints: ['bin/run.js'], bundle: false, plugins: [asScript] });
  await add('entry.cjs', { entryPoints: ['scripts/package/entry.cjs'] });

  for (const name of ['package.json', 'oclif.manifest.json']) {
    const { ...read } = JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
    scripts.set(name, toAscii(JSON.stringify({ ...read, version })));
  }
  scripts.set('index.json', JSON.stringify({ ...names, groups: GROUPS }));
  return scripts;
}

const cjs = {
  ...common,
  charset: 'ascii',
  format: 'cjs',
  define: { ...common.define, 'import.meta.url': '__weirUrl' },
} as const satisfies BuildOptions;

const libraries = [stubDevtools, loadGlobLate];

function inSource(contents: string) {
  return { contents, resolveDir: join(ROOT, 'src'), sourcefile: 'group.ts', loader: 'ts' } as const;
}

/** esbuild leaves regular expressions as they are; an escape means the same in them, in strings, and in JSON. */
function toAscii(text: string): string {
  return text.replaceAll(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The files that the bundles load late as modules. */
const drawing = new Set<string>();

/** What `off` loads late is in the script `late.cjs`; what cannot be a script is a module of its own. */
const late: Plugin = {
  name: 'late',
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path, kind, resolveDir }) => {
      if (kind !== 'dynamic-import' || resolveDir.includes('node_modules')) return undefined;
      const file = join(resolveDir, path).slice(ROOT.length + 1);
      if (isDrawing(file)) {
        drawing.add(file);
        return { path: `weir:module/${basename(file, '.ts')}`, external: true };
      }
      return QUICK_FILES.has(build.initialOptions.outfile ?? '') && LATE.includes(file)
        ? { path: `weir:late/${file}`, namespace: 'late-script' }
        : undefined;
    });
    build.onResolve({ filter: /^weir:/ }, ({ path }) => ({ path, external: true }));
    build.onLoad({ filter: /.*/, namespace: 'late-script' }, ({ path }) => ({
      contents: `module.exports = require('${path}');`,
    }));
  },
};
const QUICK_FILES = new Set(QUICK.map((file) => `out/${basename(file, '.ts')}.cjs`));

/** A script has no top-level await: what comes after the imports of bin/run.js and of a program becomes a function. */
const asScript: Plugin = {
  name: 'as-script',
  setup(build) {
    build.onLoad({ filter: /\/(?:bin\/run\.js|src\/programs\/[\w-]+\.ts)$/ }, async ({ path }) => {
      const loader = path.endsWith('.ts') ? 'ts' : 'js';
      const { code } = await transform(readFileSync(path, 'utf8'), { loader, format: 'esm', target: 'node22' });
      const { body } = parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
      const isImport = ({ type }: { type: string }) => type === 'ImportDeclaration';
      const textOf = (nodes: typeof body) => nodes.map(({ start, end }) => code.slice(start, end)).join('\n');
      const imports = textOf(body.filter(isImport));
      return {
        contents: `${imports}\n(async () => {\n${textOf(body.filter((node) => !isImport(node)))}\n})();\n`,
        loader: 'js',
      };
    });
  },
};
