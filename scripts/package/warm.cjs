// Runs the packaged weir from a folder of scripts and writes, at the end, the compiled code of each script that was used.
// Arguments: the folder, the folder for the code, the words of weir.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const [scripts, out] = process.argv.splice(2, 2);
const used = new Map();
process.once('exit', () => {
  for (const [name, script] of used) writeFileSync(join(out, `${name}.cache`), script.createCachedData());
});
const { start } = require(join(scripts, 'entry.cjs'));
start({
  text: (name) => readFileSync(join(scripts, name), 'latin1'),
  cache: () => undefined,
  seen: (name, script) => used.set(name, script),
});
