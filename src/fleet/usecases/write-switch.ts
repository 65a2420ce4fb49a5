/** Writes the switch of applications, or the red button, into one region. */
import { hasExpired } from '../model/decide.ts';
import { FLEET_API_VERSION, type MeshPolicy, type PolicyRule } from '../model/object-schemas.ts';
import { type RegionView, viewRegion } from '../model/region-view.ts';
import type { Selector } from '../model/selector.ts';
import { type StoreChange, StoreFailure, type StoreGuard } from '../ports.ts';
import type { FleetPorts, Region } from './fleet.ts';
import { isMeantIn, type SwitchNames, selectorIn } from './switch-names.ts';
import { historyChange } from './write-history.ts';

/** The name of the red button's policy. */
export const SWITCH_ALL = 'switch-all';
const [APP_PRIORITY, ALL_PRIORITY] = [1_000, 2_000];
/** How often a write is tried when somebody else writes the same switch. */
const TRIES = 5;
/** A write whose fate is not known is looked for, and tried again under its guards, for so long, in ms. */
const UNSURE_MS = 8_000;
const RETRY_MS = 200;

/** What is written. */
export interface SwitchRule extends SwitchNames {
  readonly action: 'on' | 'off';
  /** RFC 3339. */
  readonly until: string | null;
  readonly reason: string | null;
  readonly signal: AbortSignal;
}

/** The policy of an application's switch; null: of the red button. */
export const switchName = (app: string | null): string => (app === null ? SWITCH_ALL : `switch-${app}`);

/** Writes the policies of all applications in one transaction; resolves to its revision, null where nothing is meant. */
export async function writeSwitch(
  ports: FleetPorts,
  region: Region,
  first: RegionView,
  request: SwitchRule,
): Promise<string | null> {
  let view = first;
  const selector = selectorIn(first, request);
  const policyOf = ({ objects }: RegionView, name: string) =>
    objects.find((one) => one.kind === 'MeshPolicy' && one.name === name);
  const meant = (request.apps === 'all' ? [null] : request.apps).filter((app) =>
    isMeantIn(first, request, app, policyOf(first, switchName(app)) !== undefined),
  );
  if (meant.length === 0) return null;
  const end = ports.monotonic() + UNSURE_MS;
  let unsure: Unsure | null = null;
  for (let tries = 0; tries < TRIES; ) {
    const guards: StoreGuard[] = [];
    const changes: StoreChange[] = [];
    const texts = new Map<string, string>();
    for (const app of meant) {
      const name = switchName(app);
      const key = region.keys.object('MeshPolicy', name);
      const present = policyOf(view, name);
      const before = present !== undefined && 'object' in present.reading ? present.reading.object : null;
      const known = before?.kind === 'MeshPolicy' ? before : null;
      const policy = nextPolicy(known, { app, name, hosts: selector }, request, ports.now());
      const change = { verb: request.action, kind: 'MeshPolicy', name, why: request.reason, from: before, to: policy };
      texts.set(name, JSON.stringify(policy));
      guards.push({ key, revision: present?.revision ?? null });
      changes.push({ key, value: JSON.stringify(policy) }, historyChange(ports, region, change));
    }
    try {
      const outcome = await region.store.write(guards, changes);
      if (outcome.kind === 'written') return outcome.revision;
      tries += 1;
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.fate !== 'unknown') throw error;
      if (ports.monotonic() >= end || request.signal.aborted) throw error;
      await ports.sleep(RETRY_MS, request.signal).catch(() => undefined);
      unsure = { error, texts, since: BigInt(view.revision) };
    }
    view = await lookAgain(ports, region, { unsure, end, signal: request.signal });
    const done = unsure === null ? null : landed(unsure, view);
    if (done !== null) return done;
  }
  throw new StoreFailure('somebody else writes the same switch all the time; nothing was changed', 'refused');
}

/** The last write whose fate is not known. */
interface Unsure {
  readonly error: StoreFailure;
  /** The texts of the policies, by name. */
  readonly texts: ReadonlyMap<string, string>;
  /** The revision that was seen before it. */
  readonly since: bigint;
}

/** The policies as they are now. After a write of unknown fate a store without a leader is given the time to find one. */
async function lookAgain(
  ports: FleetPorts,
  { name, keys, store }: Region,
  { unsure, end, signal }: { readonly unsure: Unsure | null; readonly end: number; readonly signal: AbortSignal },
): Promise<RegionView> {
  for (;;) {
    try {
      return viewRegion(name, await store.list([keys.objects('MeshPolicy')]));
    } catch (error) {
      if (!(error instanceof StoreFailure) || unsure === null) throw error;
      if (ports.monotonic() >= end || signal.aborted) throw unsure.error;
    }
    await ports.sleep(RETRY_MS, signal).catch(() => undefined);
  }
}

/** The revision of a write whose fate was not known, if all of it is there; null when it is not, or not yet. */
function landed({ texts, since }: Unsure, { objects }: RegionView): string | null {
  const own = objects.filter(({ kind, name, text }) => kind === 'MeshPolicy' && texts.get(name) === text);
  // One transaction gave all of them its revision.
  const [revision] = own.map((one) => one.revision);
  return own.length === texts.size && revision !== undefined && BigInt(revision) > since ? revision : null;
}

/** With --hosts, --percent or --until a rule is appended, without them one rule replaces all. */
function nextPolicy(
  before: MeshPolicy | null,
  { app, name, hosts }: { readonly app: string | null; readonly name: string; readonly hosts: Selector | undefined },
  request: SwitchRule,
  nowMs: number,
): MeshPolicy {
  const rule: PolicyRule = {
    state: request.action,
    ...(hosts !== undefined && { hosts }),
    ...(request.until !== null && { until: request.until }),
    ...(request.reason !== null && { reason: request.reason }),
  };
  const isNarrow = hosts !== undefined || request.until !== null;
  const kept = (before?.spec.rules ?? []).filter((one) => !hasExpired(one, nowMs));
  const isRelease = app === null && request.action === 'on';
  const rules = isRelease && !isNarrow ? [] : isNarrow ? [...kept, rule] : [rule];
  return {
    apiVersion: FLEET_API_VERSION,
    kind: 'MeshPolicy',
    metadata: { name },
    spec: { apps: [app ?? '*'], priority: app === null ? ALL_PRIORITY : APP_PRIORITY, rules },
  };
}
