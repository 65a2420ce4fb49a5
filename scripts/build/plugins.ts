import { join, relative } from 'node:path';
import type { Plugin } from 'esbuild';

/** ink asks for the developer tools of React, which are not installed and never used in a terminal. */
export const stubDevtools: Plugin = {
  name: 'stub-devtools',
  setup(build) {
    build.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'stub' }));
    build.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: 'export default undefined;' }));
  },
};

/** oclif loads tinyglobby at every start, but looks for files only when there is no manifest: 6 ms of start-up. */
export const loadGlobLate: Plugin = {
  name: 'load-glob-late',
  setup(build) {
    build.onResolve({ filter: /^tinyglobby$/ }, ({ path, kind, resolveDir }) =>
      kind === 'require-call' ? { path, namespace: 'late', pluginData: resolveDir } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'late' }, ({ path, pluginData }) => ({
      contents: `exports.glob = async (...args) => (await import('${path}')).glob(...args);`,
      resolveDir: pluginData,
    }));
  },
};

/**
 * What is imported late comes from the other bundle: `files` of src/ are entries there. Other late imports are a mistake,
 * or with `inline` part of the bundle, to be run when they are asked for.
 */
export function lateFromCommands(files: readonly string[], others: 'refuse' | 'inline' = 'refuse'): Plugin {
  return {
    name: 'late-from-commands',
    setup(build) {
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, kind, resolveDir }) => {
        if (kind !== 'dynamic-import' || resolveDir.includes('node_modules')) return undefined;
        const file = relative(build.initialOptions.absWorkingDir ?? '.', join(resolveDir, path));
        if (!files.includes(file) && others === 'inline') return undefined;
        if (!files.includes(file)) throw new Error(`${file} is imported late, and is no entry of its own`);
        return { path: `../${file.replace(/^src\//, '').replace(/\.ts$/, '.js')}`, external: true };
      });
    },
  };
}
