/**
 * Builds the documentation as a site of plain files into out/site: `npm run site [-- --out DIR]`. It opens from a folder as
 * well as from a server: no page loads anything from another machine. Ends with 1 when a link in it leads nowhere.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkSite } from './docs/check-site.ts';
import { buildSite, passingFolder } from './site/build.ts';
import { writeSources } from './site/sources.ts';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'out', 'site') } } });
const out = resolve(values.out);
using folder = passingFolder('site');
writeSources(root, folder.path);
const warnings = buildSite(folder.path, out);
const { faults, links, pages } = checkSite(out);
for (const line of [...warnings, ...faults]) process.stdout.write(`${line}\n`);
process.stdout.write(`${pages} pages, ${links} links, ${faults.length} broken: ${join(out, 'index.html')}\n`);
process.exitCode = warnings.length + faults.length > 0 ? 1 : 0;
