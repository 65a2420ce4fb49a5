/** Checks the documentation, as a contract test does: a line for each fault, and 1 at the end if there is one. Needs dist/. */
import { join } from 'node:path';
import { checkDocumentation } from './docs/check-documentation.ts';

const { faults, files, links, pages } = await checkDocumentation(join(import.meta.dirname, '..'));
for (const line of faults) process.stdout.write(`${line}\n`);
process.stdout.write(`${files} files, ${pages} pages with ${links} links: ${faults.length} faults\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
