/** A back end whose tool gave no answer is not one that cannot be used. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackendChoice } from '../../src/interception/detection.ts';
import { reportStatus, UNREAD_BACKENDS } from '../../src/interception/report-status.ts';
import type { FakeHost } from '../fakes/fake-host.ts';
import { BACKENDS, hostWith, MESH, on } from './cases.ts';

/** A host on which nft gives no answer, and nothing else works but `usable`. */
function silentNft(...usable: readonly string[]): FakeHost {
  const host = hostWith('nft');
  const choices = BACKENDS.map((backend): BackendChoice => {
    if (usable.includes(backend)) return { backend, usable: true, detail: 'fake' };
    if (backend === 'nft') return { backend, usable: false, isUnknown: true, detail: 'nft was not started: EAGAIN' };
    return { backend, usable: false, detail: 'not installed' };
  });
  host.backends = async () => choices;
  host.backend = async (backend) => choices[BACKENDS.indexOf(backend)] as BackendChoice;
  return host;
}

test('on says that it cannot tell, and how to go on', async () => {
  for (const backend of ['auto', 'nft'] as const) {
    const what =
      backend === 'auto' ? /whether a firewall back end can be used/ : /whether the back end nft can be used/;
    const refused = { code: 'WEIR3006', exit: 3, what, why: /EAGAIN/, hint: /mend what keeps its tool from answering/ };
    await assert.rejects(on(silentNft(), { backend }), refused, backend);
  }
});

test('a first on takes no other back end while nft gives no answer, and says how to take one', async () => {
  for (const other of ['iptables-nft', 'iptables-legacy'] as const) {
    const host = silentNft(other);
    await assert.rejects(on(host), {
      code: 'WEIR3006',
      exit: 3,
      what: 'whether the back end nft can be used here cannot be told',
      why: new RegExp(`nft: nft was not started: EAGAIN;.*${other} comes after it`),
      hint: new RegExp(`or take the other one: \`--backend ${other}\``),
    });
    assert.equal(host.stored, null);
    host.usable = [other];
    const { result } = await on(host, { backend: other });
    assert.equal(result.backend, other);
    assert.equal((await on(host, { apps: ['report'] })).result.backend, other, 'the host stays with it');
  }
});

test('a first on takes the next back end where nft has said that it is not there, and none where it may not be asked', async () => {
  const host = silentNft('iptables-nft');
  const silent = host.backend;
  const answer = (detail: string) => {
    host.backend = async (backend) =>
      backend === 'nft' ? { backend, usable: false, detail } : await silent.call(host, backend);
  };
  answer('Operation not permitted (you must be root)');
  await assert.rejects(on(host), { code: 'WEIR3006', what: /nft can be used here cannot be told/ });
  answer('nft is missing: install the package nftables');
  host.usable = ['iptables-nft'];
  assert.equal((await on(host)).result.backend, 'iptables-nft');
});

test('status says of the back ends that they are not known, unless one is', async () => {
  const notRead = async (host: FakeHost) => {
    const { result } = await reportStatus(host, { config: MESH, apps: [] });
    return result.notRead.filter(({ what }) => what === UNREAD_BACKENDS);
  };
  assert.deepEqual(await notRead(silentNft()), [{ what: UNREAD_BACKENDS, why: 'nft: nft was not started: EAGAIN' }]);
  assert.deepEqual(await notRead(silentNft('iptables-nft')), [
    { what: UNREAD_BACKENDS, why: 'nft: nft was not started: EAGAIN' },
  ]);
  const { result } = await reportStatus(silentNft('iptables-nft'), { config: MESH, apps: [] });
  assert.equal(result.backend, null, 'the first on would take none');
  assert.deepEqual(await notRead(silentNft('nft')), []);
});
