/** New connections of a leased application while its sidecar listens nowhere: none is refused, by real packets. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { DivertMode } from '../../../src/interception/rules/policy.ts';
import { until } from '../../until.ts';
import { ADS_TYPES, type AdsServer } from './ads-server.ts';
import { FallbackStage, probeClock } from './fallback-stage.ts';
import { serveListeners } from './listeners-by-ads.ts';

/** A client that waits longer than TCP does before it sends a SYN again. */
const PATIENT = { intervalMs: 40, timeoutMs: 30_000 } as const;

for (const mode of ['redirect', 'tproxy'] satisfies DivertMode[]) {
  for (const family of ['ipv4', 'ipv6'] as const) {
    describe(`a dead sidecar whose supervisor is stopped, ${mode}, ${family}`, () => {
      it('leased connections wait until the kernel ends the lease, and go direct; others are refused', async (test) => {
        const stage = await FallbackStage.open('nft', test, { mode, probe: { ...PATIENT, family } });
        await stage.payment.until('proxy', probeClock());
        const envoy = await stage.envoy();
        // Nobody is left who could switch anything: what happens now is the kernel's doing.
        process.kill(stage.supervisor?.pid ?? 0, 'SIGSTOP');
        process.kill(envoy, 'SIGKILL');
        // What the dying process had not accepted yet is reset, and that no rule could prevent.
        await until('Envoy to be gone', async () => !existsSync(`/proc/${envoy}`));
        const since = probeClock();
        await stage.payment.until('direct', since);
        const { direct = 0, proxy = 0, ...lost } = await stage.payment.counts(since);
        assert.deepEqual(lost, {}, `${proxy} proxied, ${direct} direct`);
        assert.ok(((await stage.report.counts(since)).ECONNREFUSED ?? 0) > 0, 'those without a lease are told at once');
      });
    });
  }
}

describe('a control plane that takes the listeners of a running Envoy away', () => {
  it('costs no new connection of a leased application', async (test) => {
    const plane: { ads: AdsServer | null } = { ads: null };
    const stage = await FallbackStage.open('nft', test, {
      leaseMs: 60_000,
      probe: PATIENT,
      arrange: async (bootstrap) => {
        plane.ads = await serveListeners(bootstrap, '15s');
      },
    });
    test.after(() => plane.ads?.kill().catch(() => {}));
    await stage.payment.until('proxy', probeClock());
    const since = probeClock();
    plane.ads?.resources.set(ADS_TYPES.lds, []);
    plane.ads?.push(ADS_TYPES.lds);
    await stage.payment.until('direct', since);
    await stage.untilState('payment', 'bypassed');
    const { direct = 0, proxy = 0, ...lost } = await stage.payment.counts(since);
    assert.deepEqual(lost, {}, `${proxy} proxied, ${direct} direct`);
  });
});
