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
