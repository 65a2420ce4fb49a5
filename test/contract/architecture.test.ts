/** ARCHITECTURE.md beside the tree. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROJECT_ROOT } from '../run-weir.ts';

const text = readFileSync(join(PROJECT_ROOT, 'ARCHITECTURE.md'), 'utf8');
const isThere = (path: string) =>
  ['', 'src/', 'src/interception/', 'src/sidecar/'].some((base) => existsSync(join(PROJECT_ROOT, base, path)));

test('every path that ARCHITECTURE.md names is there', () => {
  const paths = [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]*)`/g)].map(([, path = '']) => path);
  assert.ok(paths.length > 15, String(paths.length));
  assert.deepEqual(
    paths.filter((path) => !isThere(path) && !/PART|^(?:adapters|programs|cli|text)\/$/.test(path)),
    [],
  );
});

test('ARCHITECTURE.md names every part of weir', () => {
  const parts = readdirSync(join(PROJECT_ROOT, 'src'));
  assert.deepEqual(
    parts.filter((part) => !new RegExp(`^  ${part}/ `, 'm').test(text)),
    [],
  );
});
