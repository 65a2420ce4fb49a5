/** Laws of changes between arbitrary policies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyPolicy } from '../../../src/interception/apply-rules.ts';
import type { Backend } from '../../../src/interception/backend.ts';
import { switchOffOperations } from '../../../src/interception/rules/off-switches.ts';
import type { InterceptPolicy } from '../../../src/interception/rules/policy.ts';
import type { OffCause } from '../../../src/interception/rules/tag.ts';
import { arbitraryPacket, arbitraryPolicy, INSTALLED_AT_MS } from '../../fakes/arbitrary-policy.ts';
import { FakeFirewall } from '../../fakes/fake-firewall.ts';

const BACKENDS: readonly Backend[] = ['nft', 'iptables-nft', 'iptables-legacy'];
const NOTHING: InterceptPolicy = {
  apps: [],
  guard: { uids: [], gids: [] },
  sshPorts: [],
  sshPeers: [],
  reservedPorts: [],
  keeper: false,
};

for (const backend of BACKENDS) {
  test(`${backend}: from any policy to any other by one transaction, as if it had been the first`, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPolicy, arbitraryPolicy, async (first, second) => {
        const firewall = await installed(backend, first);
        await applyPolicy(firewall, second, everybody(first));
        assert.equal(firewall.list(), (await installed(backend, second)).list());
        assert.equal((await applyPolicy(firewall, second, [])).changed, false);
        await applyPolicy(firewall, NOTHING, []);
        assert.equal(firewall.list(), new FakeFirewall(backend, now).list());
      }),
      { numRuns: 40 },
    );
  });

  test(`${backend}: the undo of a change leads back to where it began`, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPolicy, arbitraryPolicy, async (first, second) => {
        const firewall = await installed(backend, first);
        const before = firewall.list();
        const known = firewall.committed.length;
        await applyPolicy(firewall, second, []);
        const undo = firewall.committed.slice(known).toReversed();
        await firewall.commit(
          undo.map(({ scope, operations, undo: back }) => ({ scope, operations: back, undo: operations })),
        );
        assert.equal(firewall.list(), before);
      }),
      { numRuns: 40 },
    );
  });
}

test('switches send the same packets direct on every back end, and only those of their applications', async () => {
  const causes = fc.constantFrom<OffCause>('operator', 'off.sh', 'bypass');
  const switches = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), causes), { maxLength: 3 });
  // Marks of other programs aside: a switch clears them on nft, and leaves them on iptables.
  const unmarked = arbitraryPacket.map((packet) => ({ ...packet, mark: 0 }));
  const packets = fc.array(unmarked, { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(arbitraryPolicy, switches, packets, async (policy, offs, packetList) => {
      const firewalls = await Promise.all(BACKENDS.map((backend) => installed(backend, policy)));
      const whole = await installed('nft', policy);
      for (const [index, cause] of offs) {
        for (const firewall of firewalls) await switchOff(firewall, `app${index}`, cause);
      }
      const off = offs.map(([index]) => index);
      for (const [index, packet] of packetList.entries()) {
        const [nft, ...others] = firewalls.map((firewall) => firewall.deliver(packet, `connection ${index}`));
        for (const other of others) assert.deepEqual(other, nft, JSON.stringify(packet));
        const before = whole.deliver(packet, `connection ${index}`);
        const isOff = before.redirectedTo !== null && off.includes((before.redirectedTo % 1000) - 1);
        assert.equal(nft?.redirectedTo, isOff ? null : before.redirectedTo, JSON.stringify(packet));
      }
    }),
    { numRuns: 80 },
  );
});

function now(): number {
  return INSTALLED_AT_MS;
}

async function installed(backend: Backend, policy: InterceptPolicy): Promise<FakeFirewall> {
  const firewall = new FakeFirewall(backend, now);
  await applyPolicy(firewall, policy, []);
  return firewall;
}

function everybody({ apps }: InterceptPolicy): string[] {
  return apps.map(({ name }) => name);
}

async function switchOff(firewall: FakeFirewall, app: string, cause: OffCause): Promise<void> {
  const { rulesets } = await firewall.read();
  const changes = rulesets.map((ruleset) => {
    return { scope: ruleset.scope, operations: switchOffOperations(ruleset, [app], cause), undo: [] };
  });
  await firewall.commit(changes);
}
