/** docs/rules-routers.md beside its table. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { routersPage } from '../../../src/rules/text/routers-page.ts';

it('docs/rules-routers.md is what the table of differences says', () => {
  assert.equal(readFileSync(new URL('../../../docs/rules-routers.md', import.meta.url), 'utf8'), routersPage());
});
