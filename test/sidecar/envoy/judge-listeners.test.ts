/** Listening addresses beside those of the bootstrap. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeListeners, type ListenersSeen } from '../../../src/sidecar/envoy/judge-listeners.ts';

function seen(change: Partial<ListenersSeen> & { bound?: readonly string[]; isDynamic?: boolean }): ListenersSeen {
  const { bound = ['127.0.0.1:80'], isDynamic = false, ...rest } = change;
  return {
    facts: {
      listeners: { bound, alsoCovered: [], uncountable: [], unseen: [] },
      sources: {
        count: isDynamic ? 1 : 0,
        hasDynamicListeners: isDynamic,
        asksDiscovery: false,
        shortestFetchMs: null,
      },
    },
    ports: [],
    adminPort: null,
    endpoints: [{ address: '127.0.0.1:80', inode: '1' }],
    inodes: new Set(['1']),
    ...rest,
  };
}

const HELD = { missing: [], isCurable: false };

describe('whether a process listens where it has to', () => {
  it('is so when it holds every address of its bootstrap, or a wider one', () => {
    assert.deepEqual(judgeListeners(seen({})), HELD);
    assert.deepEqual(judgeListeners(seen({ endpoints: [{ address: '0.0.0.0:80', inode: '1' }] })), HELD);
    assert.deepEqual(judgeListeners(seen({ bound: [] })), HELD);
  });

  it('is so for datagrams and Unix sockets alike, whatever the admin', () => {
    for (const address of ['udp:127.0.0.1:53', 'unix:/run/app.sock', '[::1]:80']) {
      for (const adminPort of [null, 9901]) {
        const held = { bound: [address], endpoints: [{ address, inode: '1' }], adminPort };
        assert.deepEqual(judgeListeners(seen(held)), HELD, `${address} ${adminPort}`);
      }
    }
  });

  it('is not so for an address that another process holds', () => {
    const lost = { missing: ['127.0.0.1:80'], isCurable: true };
    assert.deepEqual(judgeListeners(seen({ inodes: new Set(['2']) })), lost);
    assert.deepEqual(judgeListeners(seen({ endpoints: [] })), lost);
    assert.deepEqual(judgeListeners(seen({ endpoints: [{ address: '[::]:80', inode: '1' }] })), lost);
    assert.deepEqual(judgeListeners(seen({ endpoints: [{ address: 'udp:127.0.0.1:80', inode: '1' }] })), lost);
  });

  it('asks for the ports of mesh.yaml where a control plane sends the listeners', () => {
    const dynamic = { bound: [], isDynamic: true };
    assert.deepEqual(judgeListeners(seen({ ...dynamic, ports: [80] })), HELD);
    const lost = { missing: ['port 81'], isCurable: false };
    assert.deepEqual(judgeListeners(seen({ ...dynamic, ports: [80, 81] })), lost);
    // A bootstrap without a control plane will never listen there: that is said elsewhere.
    assert.deepEqual(judgeListeners(seen({ ports: [81] })), HELD);
  });

  it('takes the admin for no listener', () => {
    const admin = { bound: [], isDynamic: true, adminPort: 80 };
    assert.deepEqual(judgeListeners(seen(admin)), { missing: ['any address'], isCurable: false });
    const pipe = { bound: [], isDynamic: true, endpoints: [{ address: 'unix:/run/admin.sock', inode: '1' }] };
    assert.deepEqual(judgeListeners(seen(pipe)), { missing: ['any address'], isCurable: false });
  });

  it('cannot be told of a process that may not be looked into, unless nobody listens there at all', () => {
    assert.equal(judgeListeners(seen({ inodes: null })), null);
    const lost = { missing: ['127.0.0.1:80'], isCurable: true };
    assert.deepEqual(judgeListeners(seen({ inodes: null, endpoints: [] })), lost);
  });
});
