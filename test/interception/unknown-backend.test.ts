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

test('status says of the back ends that they are not known, unless one is', async () => {
  const notRead = async (host: FakeHost) => {
    const { result } = await reportStatus(host, { config: MESH, apps: [] });
    return result.notRead.filter(({ what }) => what === UNREAD_BACKENDS);
  };
  assert.deepEqual(await notRead(silentNft()), [{ what: UNREAD_BACKENDS, why: 'nft: nft was not started: EAGAIN' }]);
  assert.deepEqual(await notRead(silentNft('iptables-nft')), []);
});
