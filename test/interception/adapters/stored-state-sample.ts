/** A stored state with every kind of value. */
import type { StoredState } from '../../../src/interception/stored-state.ts';

/** A state with one application that uses every kind of value; `reason` tells two of them apart. */
export function sampleState(reason: string | null = null): StoredState {
  return {
    version: 1,
    namespace: { id: '4:4026531840', boot: '5e0a2b1c' },
    backend: 'nft',
    netns: '',
    apps: [
      {
        name: 'payment',
        slot: 1,
        desired: 'on',
        policy: {
          name: 'payment',
          mode: 'redirect',
          slot: 1,
          select: { kind: 'users', uids: [1000, 1001] },
          outboundPort: 15001,
          inboundPort: null,
          outbound: {
            ports: [{ from: 80, to: 90 }],
            cidrs: [],
            exclude: { ports: [], cidrs: [{ family: 6, text: 'fd00::/8' }] },
          },
          inbound: null,
          families: { ipv4: true, ipv6: false },
          acceptsSshRisk: false,
          leaseSeconds: 3,
        },
        sidecar: { name: 'main', admin: { kind: 'unix', path: '/run/weir/main/admin.sock' }, readyPath: '/ready' },
        onFailure: 'direct',
        leaseSeconds: 3,
        since: '2026-01-01T00:00:00.000Z',
        reason,
        confirm: { timeoutMs: 60_000, epochSeconds: 1_767_225_660, by: '2026-01-01T00:01:00.000Z' },
        drainUntil: null,
        proven: true,
      },
    ],
    guard: { uids: [1337], gids: [], sshPorts: [22], sshPeers: ['203.0.113.7'], reservedPorts: [15001, 15006] },
  };
}
