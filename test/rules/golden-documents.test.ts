/** Documents of every fixture rule beside their golden files. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { it } from 'node:test';
import { GOLDEN_FOLDER, goldenDocuments } from '../fakes/golden-documents.ts';

it('every fixture rule has the documents for every target that were reviewed (npm run rules:golden)', () => {
  const made = new Set<string>();
  for (const { name, text } of goldenDocuments()) {
    made.add(name);
    const file = new URL(name, GOLDEN_FOLDER);
    assert.equal(text, existsSync(file) ? readFileSync(file, 'utf8') : '', name);
  }
  assert.deepEqual(readdirSync(GOLDEN_FOLDER).sort(), [...made].sort());
});
