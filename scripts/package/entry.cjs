// The beginning of the packaged weir: finds its scripts in the executable and runs bin/run.js, or a program of weir.
// Node gives a single executable no files; only what Node itself has can be required.
const { existsSync, realpathSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');
const vm = require('node:vm');

/** A script of weir; compiled code of it, if V8 takes it, saves the compiling. */
const scriptOf = (name, text, cachedData) =>
  new vm.Script(`(function (exports, require, module, __filename, __dirname, __weirUrl, __weirModule) {${text}\n})`, {
    filename: `weir:/${name}`,
    cachedData,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
exports.scriptOf = scriptOf;

/** `assets.text(name)` and `assets.cache(name)` read what is in the executable; the build's own start has them in a folder. */
exports.start = (assets) => {
  const modules = new Map();
  const ownUrl = pathToFileURL(process.execPath).href;
  const index = JSON.parse(assets.text('index.json'));

  // Compiled code is taken from the executable; V8 refuses it when its own flags differ, and compiles then.
  const load = (name) => {
    const known = modules.get(name);
    if (known !== undefined) return known.exports;
    const loaded = { exports: {} };
    modules.set(name, loaded);
    const script = scriptOf(name, assets.text(name), assets.cache(name));
    assets.seen?.(name, script);
    script.runInThisContext()(
      loaded.exports,
      requireFrom,
      loaded,
      process.execPath,
      dirname(process.execPath),
      ownUrl,
      moduleFrom,
    );
    return loaded.exports;
  };
  const requireFrom = (name) =>
    name.startsWith('weir:late/') ? load('late.cjs').late[name.slice('weir:late/'.length)]() : require(name);
  // A module with top-level await cannot be a script: it comes as one data URL.
  const moduleFrom = (name) =>
    import(`data:text/javascript;base64,${Buffer.from(assets.text(`${name}.mjs`), 'latin1').toString('base64')}`);

  const [word = ''] = process.argv.slice(2);
  if (word.startsWith(':') && index.programs.includes(word.slice(1))) {
    process.argv.splice(2, 1);
    load(`program-${word.slice(1)}.cjs`);
    return;
  }
  const groupOf = (id) => index.groups[id] ?? 'base';
  const json = (name) => JSON.parse(assets.text(name));
  const own = realpathSync(process.execPath);
  // Beside the executable, as a package or an archive lays them out; else nowhere.
  const root = [join(dirname(own), '..', 'share', 'weir'), '/usr/share/weir'].find((folder) => existsSync(folder));
  const parts = {
    root: root ?? dirname(own),
    command: [
      process.execPath,
      ...(process.execArgv.length > 0 ? [`--node-options=${process.execArgv.join(' ')}`] : []),
    ],
    isPackaged: true,
    json,
    quick: (name) => load(`${name}.cjs`),
    hasQuick: (name) => index.quick.includes(name),
    late: async (name) => {
      if (name === 'cli/run-cli') return load(`group-${groupOf(word)}.cjs`);
      return load('late.cjs').late[`src/${name}.ts`]();
    },
  };
  parts.options = {
    root: parts.root,
    embedded: {
      get pjson() {
        return json('package.json');
      },
      get manifest() {
        return json('oclif.manifest.json');
      },
      load: async (id) => {
        const command = load(`group-${groupOf(id.split(':')[0])}.cjs`).commands[id];
        return command === undefined ? undefined : (await command()).default;
      },
    },
  };
  globalThis[Symbol.for('weir.parts')] = parts;
  load('run.cjs');
};
