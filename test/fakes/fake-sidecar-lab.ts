/** The fake host behind the contract's lab. */
import type { SidecarSpec } from '../../src/sidecar/ports.ts';
import type { ContractBootstrap, SidecarContractLab } from '../e2e/sidecar/sidecar-host-contract.ts';
import { FakeClock } from './fake-clock.ts';
import type { FakeBootstrap } from './fake-envoys.ts';
import { FakeSidecarHost } from './fake-sidecar-host.ts';

/** The admin address of the fake's sidecars. */
export const FAKE_ADMIN = '/run/weir/main/admin.sock';
const [LISTENER, MORE] = ['127.0.0.1:15001', '127.0.0.1:15002'] as const;

/** What mesh.yaml says of a sidecar of the fake. */
export const FAKE_SPEC: SidecarSpec = {
  name: 'main',
  uid: 1337,
  gid: 1337,
  admin: { kind: 'unix', path: FAKE_ADMIN },
  readyPath: '/ready',
  binary: '/opt/envoy/1.39.3',
  bootstrap: '/etc/weir/first.yaml',
  ports: [],
  args: [],
  env: {},
  capabilities: [],
  sha256: null,
  check: null,
  bakeMs: 0,
  bakeBytes: null,
  spreadMs: 0,
  concurrency: 1,
  drainMs: 15_000,
  notify: null,
};

/** A bootstrap of the fake that serves, unless `change` says otherwise. */
export function fakeBootstrap(change: Partial<FakeBootstrap> = {}): FakeBootstrap {
  const usual = { admin: `unix:${FAKE_ADMIN}`, listeners: [LISTENER], start: 'live', invalid: null } as const;
  return { ...usual, hasAccessLog: true, ...change };
}

const BOOTSTRAPS: Readonly<Record<ContractBootstrap, Partial<FakeBootstrap>>> = {
  first: {},
  second: { hasAccessLog: false },
  third: { invalid: 'only in its name another one' },
  more: { listeners: [LISTENER, MORE] },
  hangs: { start: 'hangs' },
  exits: { start: 'exits' },
};

/** A lab on a fresh fake host. */
export async function openFakeSidecarLab(): Promise<SidecarContractLab> {
  const clock = new FakeClock();
  const host = new FakeSidecarHost(clock);
  host.binaries.set(FAKE_SPEC.binary, { version: '1.39.3', hotRestartVersion: '11.104' });
  return {
    host,
    spec: FAKE_SPEC,
    listener: LISTENER,
    moreListener: MORE,
    async stage(bootstrap) {
      const path = `/etc/weir/${bootstrap}.yaml`;
      host.bootstraps.set(path, fakeBootstrap(BOOTSTRAPS[bootstrap]));
      return host.pairs.stage(FAKE_SPEC.binary, path);
    },
    async connect() {
      const connection = host.envoys.connect(LISTENER);
      if (connection === null) throw new Error('nobody accepts');
      return async () => {
        connection.isOpen = false;
      };
    },
    pass: (ms) => clock.pass(ms),
    until: (what, test) => clock.until(what, test),
    end: async () => {},
  };
}
