import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SidecarLab } from './sidecar-lab.ts';

describe('weir sidecar init', () => {
  let lab: SidecarLab;
  beforeEach(async () => {
    lab = await SidecarLab.open();
  });
  afterEach(async () => lab.close());

  it('writes a bootstrap that Envoy accepts and runs, and does not write over a file', async () => {
    const path = join(lab.folder, 'first.json');
    const taken = await lab.weir('sidecar', 'init', 'main');
    assert.deepEqual([taken.code, taken.json.error.code], [3, 'WEIR4015']);
    await rm(path);
    const written = await lab.weir('sidecar', 'init', 'main');
    assert.equal(written.code, 0, JSON.stringify(written.json));
    const bootstrap = JSON.parse(await readFile(path, 'utf8'));
    assert.deepEqual(
      bootstrap.static_resources.listeners.map(({ name }: { name: string }) => name),
      ['outbound'],
    );
    await lab.run();
    assert.equal((await lab.status()).state, 'live');
  });
});
