/** Writes oclif.manifest.json, which spares each start of weir the loading of every command. `--check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildManifest } from './build-manifest.ts';

const file = join(import.meta.dirname, '..', 'oclif.manifest.json');
const wanted = await buildManifest();
if (!process.argv.includes('--check')) {
  writeFileSync(file, wanted);
} else if (readFileSync(file, 'utf8') !== wanted) {
  process.stderr.write('oclif.manifest.json is stale: run `npm run manifest`\n');
  process.exitCode = 1;
}
