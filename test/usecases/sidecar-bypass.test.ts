import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportStatus } from '../../src/usecases/report-status.ts';
import { bypassForSidecar } from '../../src/usecases/sidecar/bypass-apps.ts';
import { hostWith, MESH, off, on } from './cases.ts';

type Host = ReturnType<typeof hostWith>;

async function states(host: Host): Promise<Record<string, string>> {
  const { result } = await reportStatus(host, { config: MESH, apps: [] });
  return Object.fromEntries(result.apps.map(({ name, state }) => [name, state]));
}

for (const backend of ['nft', 'iptables-nft'] as const) {
  describe(`the supervisor's bypass on ${backend}`, () => {
    const sidecar = [...MESH.sidecars.keys()][0] ?? '';

    it('sends the apps of its sidecar direct, and takes exactly that back', async () => {
      const host = hostWith(backend);
      await on(host);
      const before = await host.firewall(backend).read();
      const bypass = bypassForSidecar(host, sidecar);
      await bypass.bypass(true, 'the sidecar has ended');
      await bypass.bypass(true, 'again: nothing more is added');
      assert.ok(Object.values(await states(host)).includes('bypassed'), JSON.stringify(await states(host)));
      await bypass.bypass(false, 'the sidecar is live');
      assert.deepEqual((await host.firewall(backend).read()).rulesets, before.rulesets);
    });

    it('does not undo what an operator switched off', async () => {
      const host = hostWith(backend);
      await on(host);
      const bypass = bypassForSidecar(host, sidecar);
      await bypass.bypass(true, 'the sidecar has ended');
      await off(host);
      const offStates = await states(host);
      await bypass.bypass(false, 'the sidecar is live');
      assert.deepEqual(await states(host), offStates);
      assert.ok(!Object.values(offStates).includes('on'));
    });

    it('leaves the apps of another sidecar alone', async () => {
      const host = hostWith(backend);
      await on(host);
      const before = await states(host);
      await bypassForSidecar(host, 'somebody-else').bypass(true, 'not mine');
      assert.deepEqual(await states(host), before);
    });
  });
}
