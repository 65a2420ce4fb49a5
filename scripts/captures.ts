/** Takes the pictures of the guides anew into docs/captures: `npm run captures`. The gate compares them (scripts/docs.ts). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CAPTURES, takeCapture } from './captures/captures.ts';
import { passingFolder } from './site/build.ts';

const root = join(import.meta.dirname, '..');
const target = join(root, 'docs', 'captures');
mkdirSync(target, { recursive: true });
using folder = passingFolder('captures');
for (const capture of CAPTURES) {
  writeFileSync(join(target, `${capture.name}.svg`), await takeCapture(root, join(folder.path, capture.name), capture));
}
