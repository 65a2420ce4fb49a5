/** The execute permission of files. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isExecutable } from '../../src/platform/executables.ts';

test('a file counts as executable by its permission, even for root', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-exec-'));
  try {
    const file = join(folder, 'tool');
    assert.equal(isExecutable(file), false);
    writeFileSync(file, '#!/bin/sh\n', { mode: 0o644 });
    assert.equal(isExecutable(file), false);
    chmodSync(file, 0o755);
    assert.equal(isExecutable(file), true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
