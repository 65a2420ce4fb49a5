/** Writes docs/rules-side-by-side.md: three of the harder fixture scripts with their plan, documents and report. */
import { writeFileSync } from 'node:fs';
import { SIDE_BY_SIDE, sideBySidePage } from '../test/fakes/side-by-side.ts';

writeFileSync(SIDE_BY_SIDE, sideBySidePage());
