/** The simulated host of the firewall contract. */
import type { Backend } from '../../src/interception/backend.ts';
import { type ConnectRequest, type ContractHost, PLACES } from '../e2e/contract-host.ts';
import type { Packet } from './evaluate-ruleset.ts';
import { FakeFirewall } from './fake-firewall.ts';

/** The contract's host made of fakes: packets are evaluated, time passes at once. */
export function makeFakeContractHost(backend: Backend): ContractHost {
  let nowMs = 1_800_000_000_123;
  let connections = 0;
  const firewall = new FakeFirewall(backend, () => nowMs);
  const dnat = '-j DOCKER';
  return {
    firewall,
    slices: { parent: 'mesh.slice', child: 'mesh.slice/pay.service', beside: 'web.slice' },
    async connect(request) {
      connections += 1;
      const id = `connection ${connections}`;
      const packet = toPacket(request);
      const { redirectedTo, mark } = firewall.deliver(packet, id);
      return {
        redirectedTo,
        mark: async () => mark,
        async isAlive() {
          const later = firewall.deliver({ ...packet, syn: false }, id);
          return !later.isBroken && later.redirectedTo === redirectedTo;
        },
      };
    },
    async addForeign() {
      if (backend === 'nft') firewall.addForeignTable('ip docker', 'chain output { ... }', PLACES.foreignRedirect);
      else firewall.addForeignRule('ip', 'output', dnat, 'last', PLACES.foreignRedirect);
    },
    async reloadForeign() {
      if (backend === 'nft') return;
      firewall.removeForeignRule('ip', 'output', dnat);
      firewall.addForeignRule('ip', 'output', dnat, 'first', PLACES.foreignRedirect);
    },
    async removeForeign() {
      firewall.removeForeignTable('ip docker');
      if (backend === 'nft') return;
      firewall.removeForeignRule('ip', 'output', dnat);
      firewall.removeEmptyTables();
    },
    async listing() {
      return firewall.list();
    },
    nowMs: () => nowMs,
    async pass(ms) {
      nowMs += ms;
    },
  };
}

function toPacket({ family = 4, port = 80, ...request }: ConnectRequest): Packet {
  const common = { family, port, protocol: 'tcp', syn: true, mark: 0 } as const;
  const [near, far] = [PLACES.thisHost[family], PLACES.otherHost[family]];
  if (request.inbound) {
    const unknown = { uid: null, gid: null, cgroup: null };
    return {
      ...common,
      ...unknown,
      hook: 'prerouting',
      source: far,
      destination: near,
      iif: 'eth0',
      isLocalDestination: true,
    };
  }
  const { uid = PLACES.uids.nobody, gid = uid, cgroup = '', to = far } = request;
  const isLocalDestination = to === near || to === '::1' || to.startsWith('127.');
  return { ...common, uid, gid, cgroup, hook: 'output', source: near, destination: to, iif: null, isLocalDestination };
}
