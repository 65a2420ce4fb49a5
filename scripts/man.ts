/** Writes man/weir.1 from oclif.manifest.json. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { renderManPage } from './man/man-page.ts';

const root = new URL('..', import.meta.url);
const read = (file: string) => JSON.parse(readFileSync(new URL(file, root), 'utf8'));
mkdirSync(new URL('man', root), { recursive: true });
writeFileSync(
  new URL('man/weir.1', root),
  renderManPage(read('oclif.manifest.json'), read('package.json').description),
);
