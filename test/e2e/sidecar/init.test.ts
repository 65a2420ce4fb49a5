/** `weir sidecar init` with a real Envoy. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

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

  it('writes YAML that weir itself reads: an upgrade from it counts, and knows its listeners', async () => {
    const path = join(lab.folder, 'main.yaml');
    await lab.configure({ bootstrap: path, drain: '2s' });
    const written = await lab.weir('sidecar', 'init', 'main');
    assert.equal(written.code, 0, JSON.stringify(written.json));
    assert.throws(() => JSON.parse(readFileSync(path, 'utf8')));
    await lab.run();
    assert.doesNotMatch(lab.log, /cannot be told|could not be read/);
    const { json } = await lab.upgrade('--binary', NEW_ENVOY);
    assert.equal(json.result?.outcome, 'settled', JSON.stringify(json));
    assert.deepEqual([json.result.connections.cut, json.result.requests.cut, json.warnings], [0, 0, []]);
  });

  it('gives Dubbo ports a chain of their own in both directions, and refuses what is no port', async () => {
    const wrong = await lab.weir('sidecar', 'init', 'main', '--force', '--dubbo', '20880,dubbo');
    assert.deepEqual([wrong.code, wrong.json.error.code], [2, 'WEIR1002']);
    const written = await lab.weir('sidecar', 'init', 'main', '--force', '--dubbo', '20880,20881');
    assert.equal(written.code, 0, JSON.stringify(written.json));
    const bootstrap = JSON.parse(await readFile(join(lab.folder, 'first.json'), 'utf8'));
    const chains = bootstrap.static_resources.listeners[0].filter_chains;
    assert.deepEqual(
      chains.map(
        (chain: { filter_chain_match: { destination_port?: number } }) => chain.filter_chain_match.destination_port,
      ),
      [undefined, 20_880, 20_881],
    );
  });
});
