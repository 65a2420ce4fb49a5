/**
 * Checks the documentation, for the gate: spelling of every page of the site, links of the Markdown pages and of the built
 * site, commands, flags and codes that there are not, pictures that no longer show what the commands print. Prints a line for each
 * fault and ends with 1 if there is one. Needs dist/.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { staleCaptures } from './captures/stale-captures.ts';
import { knownCommands, unknownCommands } from './docs/check-commands.ts';
import { brokenMarkdownLinks } from './docs/check-markdown.ts';
import { checkSite } from './docs/check-site.ts';
import { unknownWords } from './docs/spelling.ts';
import { buildSite, passingFolder } from './site/build.ts';
import { unknownCodes } from './site/link-codes.ts';
import { writeSources } from './site/sources.ts';

const root = join(import.meta.dirname, '..');
using folder = passingFolder('docs');
const pages = writeSources(root, folder.path);
const built = join(folder.path, 'site');
const warnings = buildSite(folder.path, built);
const site = checkSite(built);
const files = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).sort();
const known = knownCommands(root);
const [unknown, stale] = await Promise.all([
  unknownWords(join(folder.path, 'src'), pages),
  staleCaptures(root, join(folder.path, 'captures'), join(root, 'docs', 'captures')),
]);
const faults = [
  ...brokenMarkdownLinks(root, files),
  ...pages.flatMap((page) => {
    const text = readFileSync(join(folder.path, 'src', page), 'utf8');
    // The changelog also names what is gone.
    return [...unknownCommands(page, text, known), ...(page === 'CHANGELOG.md' ? [] : unknownCodes(page, text))];
  }),
  ...warnings,
  ...site.faults.map((line) => `site: ${line}`),
  ...unknown,
  ...stale.map((line) => `docs/captures/${line}`),
];
for (const line of faults) process.stdout.write(`${line}\n`);
process.stdout.write(`${files.length} files, ${site.pages} pages with ${site.links} links: ${faults.length} faults\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
