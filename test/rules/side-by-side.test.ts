/** The page of scripts beside their documents. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { SIDE_BY_SIDE, sideBySidePage } from '../fakes/side-by-side.ts';

it('the page that shows scripts beside their documents is what weir makes of them', () => {
  assert.equal(readFileSync(SIDE_BY_SIDE, 'utf8'), sideBySidePage(), 'run: npm run rules:side-by-side');
});
