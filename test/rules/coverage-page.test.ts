/** docs/rules-coverage.md beside its tables. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { coveragePage } from '../../scripts/rules-coverage.ts';

test('docs/rules-coverage.md is what the tables say (node scripts/rules-coverage.ts)', () => {
  assert.equal(readFileSync(join(import.meta.dirname, '../../docs/rules-coverage.md'), 'utf8'), coveragePage());
});
