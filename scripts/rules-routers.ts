/** Writes docs/rules-routers.md from the table of what differs between the routers of Dubbo. */
import { writeFileSync } from 'node:fs';
import { routersPage } from '../src/rules/text/routers-page.ts';

writeFileSync(new URL('../docs/rules-routers.md', import.meta.url), routersPage());
