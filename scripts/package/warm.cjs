// Runs the packaged weir from a folder of scripts and writes, at the end, the compiled code of each script that was used.
// Arguments: the folder, the folder for the code, the words of weir.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');

// How often a function ran decides whether V8 optimizes it or throws its code away, and the compiled code remembers both.
// Code that was written with a flag turned off is refused by a V8 that has it on: all are on again before the writing.
const BY_USE = ['turbofan', 'maglev', 'sparkplug', 'flush-bytecode'];
for (const flag of BY_USE) setFlagsFromString(`--no-${flag}`);

const [scripts, out] = process.argv.splice(2, 2);
const used = new Map();
process.once('exit', () => {
  for (const flag of BY_USE) setFlagsFromString(`--${flag}`);
  for (const [name, script] of used) writeFileSync(join(out, `${name}.cache`), script.createCachedData());
});
const { start } = require(join(scripts, 'entry.cjs'));
start({
  text: (name) => readFileSync(join(scripts, name), 'latin1'),
  cache: () => undefined,
  seen: (name, script) => used.set(name, script),
});
