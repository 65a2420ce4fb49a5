// Reads the compiled code of all scripts and writes it again. Arguments: the folder of scripts, the folder of the code.
// V8 numbers functions in the order in which a process meets them, those of Node too, and the numbers are in the compiled
// code, where nobody reads them. A process that only reads meets the same ones in the same order each time.
const { readFileSync, readdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const [scripts, compiled] = process.argv.slice(2);
const { scriptOf } = require(join(scripts, 'entry.cjs'));
for (const file of readdirSync(compiled).sort()) {
  const name = file.replace(/\.cache$/, '');
  const path = join(compiled, file);
  const script = scriptOf(name, readFileSync(join(scripts, name), 'latin1'), readFileSync(path));
  if (script.cachedDataRejected) throw new Error(`V8 refuses the compiled code of ${name}`);
  writeFileSync(path, script.createCachedData());
}
