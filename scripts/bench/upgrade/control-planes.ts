/** Upgrades beside a control plane in trouble, with leased applications in front of the sidecar, in a network namespace. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADS_TYPES, type AdsServer } from '../../../test/e2e/sidecar/ads-server.ts';
import { FallbackStage, probeClock } from '../../../test/e2e/sidecar/fallback-stage.ts';
import { serveListeners } from '../../../test/e2e/sidecar/listeners-by-ads.ts';
import { NEW_ENVOY } from '../../../test/e2e/sidecar/sidecar-lab.ts';
import { textTable } from './text-table.ts';

/** Envoy's patience with the control plane, and the delay of a slow one, which keeps within it. */
const [FETCH_TIMEOUT, SLOW_MS] = ['4s', 1500] as const;
const [LEASE_MS, PAUSE_MS] = [3000, 3000] as const;
/** A client that waits long: what is lost then was lost by the sidecar, and not by a busy machine. */
const PROBE = { intervalMs: 40, timeoutMs: 15_000 } as const;

const TROUBLES: Readonly<Record<string, (ads: AdsServer) => void | Promise<void>>> = {
  none: () => {},
  dead: (ads) => ads.kill(),
  frozen: (ads) => {
    for (const type of Object.values(ADS_TYPES)) ads.held.add(type);
  },
  empty(ads) {
    ads.resources.set(ADS_TYPES.lds, []);
    ads.push(ADS_TYPES.lds);
  },
  slow: (ads) => {
    ads.delayMs = SLOW_MS;
  },
};
const MOMENTS = ['before', 'during', 'after'] as const;

/**
 * `payment` has `onFailure: direct` and a lease, and opens a connection with one request every 40 ms; a request is lost that
 * got no answer, neither through the sidecar nor direct.
 */
export async function printControlPlanes(troubles: readonly string[] | undefined): Promise<void> {
  const line = textTable([15, 8, 12, 5, 6, 9, 7, 5, 8, 9]);
  line('control plane', 'since', 'upgrade', 'exit', 's', 'requests', 'direct', 'lost', 'sidecar', 'payment');
  for (const trouble of troubles ?? Object.keys(TROUBLES)) {
    for (const moment of trouble === 'none' ? (['before'] as const) : MOMENTS) line(...(await tryOne(trouble, moment)));
  }
}

async function tryOne(trouble: string, moment: (typeof MOMENTS)[number]): Promise<(string | number)[]> {
  const tasks: (() => unknown)[] = [];
  const test = { after: (task: () => unknown) => tasks.push(task) } as never;
  const plane: { ads: AdsServer | null } = { ads: null };
  try {
    const stage = await FallbackStage.open('nft', test, {
      leaseMs: LEASE_MS,
      probe: PROBE,
      arrange: async (bootstrap) => {
        plane.ads = await serveListeners(bootstrap, FETCH_TIMEOUT);
      },
    });
    const { ads } = plane;
    if (ads === null) throw new Error('no control plane');
    await stage.payment.until('proxy', probeClock());
    const since = probeClock();
    if (moment === 'before') await TROUBLES[trouble]?.(ads);
    const began = performance.now();
    const upgrade = stage.weir.json(['sidecar', 'upgrade', 'main', '--binary', NEW_ENVOY]);
    if (moment === 'during') {
      await untilState(stage, ['snapshot', 'spawned', 'initializing']);
      await TROUBLES[trouble]?.(ads);
    }
    const { code, json } = await upgrade;
    const seconds = (performance.now() - began) / 1000;
    if (moment === 'after') await TROUBLES[trouble]?.(ads);
    await sleep(PAUSE_MS);
    const { proxy = 0, direct = 0, ...others } = await stage.payment.counts(since);
    const { apps, sidecars } = await stage.status();
    const lost = Object.values(others).reduce((sum, count) => sum + count, 0);
    const app = apps.find(({ name }) => name === 'payment')?.state ?? '-';
    const report = json.result ?? (json.error as { details?: { outcome?: string } } | undefined)?.details;
    const outcome = report?.outcome ?? json.error?.code ?? '-';
    if (lost > 0) process.stderr.write(`${trouble} ${moment}: ${JSON.stringify(others)}\n`);
    const seen = [proxy + direct + lost, direct, lost, sidecars[0]?.state ?? '-', app];
    return [trouble, trouble === 'none' ? '-' : moment, outcome, code ?? '-', seconds, ...seen];
  } finally {
    for (const task of tasks.toReversed()) await task();
    await plane.ads?.kill().catch(() => {});
  }
}

async function untilState({ weir }: FallbackStage, states: readonly string[]): Promise<void> {
  const path = join(weir.stateDir, 'sidecars', 'main', 'journal.jsonl');
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(10)) {
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    const last = lines.map((text) => JSON.parse(text)).findLast(({ kind }) => kind === 'state');
    if (states.includes(last?.state)) return;
  }
  throw new Error(`no state ${states.join(' or ')}`);
}
