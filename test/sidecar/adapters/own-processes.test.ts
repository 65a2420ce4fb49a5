/** What a container leaves behind for the other one: nothing. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { leaveToPeer } from '../../../src/sidecar/adapters/own-processes.ts';

test('every sink of the hot restart is released before the records go', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-kept-'));
  try {
    const kept = join(folder, 'c1');
    mkdirSync(kept);
    writeFileSync(join(kept, 'record'), '');
    const released: string[] = [];
    const own = {
      releaseSinks: async (variant: number, epoch: number) => {
        released.push(`${variant} ${epoch} ${existsSync(join(kept, 'record'))}`);
      },
    };
    await leaveToPeer(own as never, kept);
    assert.deepEqual(released, ['0 0 true', '0 1 true', '0 2 true', '1 0 true', '1 1 true', '1 2 true']);
    assert.equal(existsSync(kept), false);
    await leaveToPeer(own as never, kept);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
