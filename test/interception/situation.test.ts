/** State file and kernel, read while another command changes both. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localOverrides } from '../../src/interception/follow-fleet.ts';
import { reportStatus } from '../../src/interception/report-status.ts';
import { readSituation } from '../../src/interception/situation.ts';
import type { FakeHost } from '../fakes/fake-host.ts';
import { BACKENDS, hostWith, MESH, off, on } from './cases.ts';

/** Runs a command right after the state file was read for the first time, before the kernel is. */
function betweenTheReads(host: FakeHost, command: () => Promise<unknown>): void {
  const { read } = host.store;
  let isFirst = true;
  Object.assign(host.store, {
    read: async () => {
      const found = await read();
      if (!isFirst) return found;
      isFirst = false;
      await command();
      return found;
    },
  });
}

for (const backend of BACKENDS) {
  test(`${backend}: an off between the two reads is seen as off, by a decision on this host`, async () => {
    const host = hostWith(backend);
    await on(host);
    betweenTheReads(host, () => off(host, { reason: 'local trouble' }));
    const { apps } = await readSituation(host, 'remembered');
    assert.deepEqual(
      localOverrides(apps).map(({ app, reason }) => [app, reason]),
      [['payment', 'local trouble']],
    );
  });

  test(`${backend}: status calls no rules missing that a command takes away meanwhile`, async () => {
    const host = hostWith(backend);
    await on(host);
    betweenTheReads(host, () => off(host));
    const { result } = await reportStatus(host, { config: MESH, apps: [] });
    assert.deepEqual(
      result.apps.filter(({ name }) => name === 'payment').map(({ state, reason }) => [state, reason]),
      [['off', null]],
    );
  });
}

test('a state file that is written again and again ends no reader: it takes the last reading', async () => {
  const host = hostWith('nft');
  await on(host);
  const { read } = host.store;
  let reads = 0;
  Object.assign(host.store, {
    read: async () => {
      reads += 1;
      const { state, problem } = await read();
      const apps = state?.apps.map((app) => ({ ...app, reason: `write ${reads}` })) ?? [];
      return { state: state === null ? null : { ...state, apps }, problem };
    },
  });
  assert.equal((await readSituation(host, 'remembered')).apps.get('payment')?.desired, 'on');
});
