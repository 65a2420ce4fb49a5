/** The treatment of proxied connections after applications were switched off. */
import { reasonOf } from '../errors/message-of.ts';
import { cutFlows, openFlows } from './app-connections.ts';
import { type DrainCount, drainConnections } from './drain.ts';
import { type BegunFlows, FlowTally } from './flow-tally.ts';
import type { InterceptHost } from './host.ts';
import { type FlowOwners, listProxied } from './list-flows.ts';
import type { OffTarget } from './off-target.ts';
import type { TrackedFlow } from './ports.ts';
import type { SettleOptions } from './send-direct.ts';
import { withinTime } from './within-time.ts';

/** Connections with a mark of weir; null when they could not be listed. */
export type ProxiedFlows = readonly TrackedFlow[] | null;

/** How many connections of each application drained, were cut and are left; null for what was not counted. */
export interface SettledFlows {
  readonly counts: ReadonlyMap<string, FlowCount>;
  readonly warnings: readonly string[];
  readonly isWhole: boolean;
}

/** As `DrainCount`; null for what could not be counted. */
export type FlowCount = { readonly [field in keyof DrainCount]: number | null };

/** Lists the marked connections; never rejects. */
export async function listFlows(host: InterceptHost, apps: FlowOwners): Promise<ProxiedFlows> {
  return listProxied(host, apps).catch(() => null);
}

/** How long a switch waits for the listing before it, in milliseconds. */
const LISTING_MS = 50;

/** Lists the marked connections before a switch, which waits for that no longer than it must. Never rejects. */
export async function listBeforeSwitch(
  host: InterceptHost,
  apps: FlowOwners,
): Promise<{ readonly listed: Promise<BegunFlows | null> }> {
  const listing = listFlows(host, apps);
  const isBefore = 'value' in (await withinTime(listing, LISTING_MS));
  return { listed: listing.then((flows) => (flows === null ? null : { flows, isBefore })) };
}

/** How many connections of an application are open. */
export function openOf(flows: ProxiedFlows, { slot }: Pick<OffTarget, 'slot'>): number {
  return slot === null || flows === null ? 0 : openFlows(flows, slot).length;
}

/** The connections at the beginning of a switch-off, and after its switch. */
export interface FlowListings {
  readonly begun: BegunFlows | null;
  readonly flows: ProxiedFlows;
}

/** Drains, cuts or keeps what `flows` holds. Nothing is listed again where nothing was open. */
export async function settleFlows(
  host: InterceptHost,
  options: SettleOptions,
  targets: readonly OffTarget[],
  { begun, flows }: FlowListings,
  apps: FlowOwners,
): Promise<SettledFlows> {
  const NOT_COUNTED = { drained: null, cut: null, proxied: null };
  if (flows === null) {
    const warning = 'proxied connections could not be listed: they live until they end, and are not counted';
    const counts = new Map(targets.map(({ name }) => [name, NOT_COUNTED]));
    return targets.length === 0
      ? { counts, warnings: [], isWhole: true }
      : { counts, warnings: [warning], isWhole: false };
  }
  const draining = targets.flatMap(({ name, slot }) => (slot === null ? [] : [{ name, slot }]));
  const tally = new FlowTally(
    draining.map(({ slot }) => slot),
    begun,
  );
  tally.note(flows);
  const doubtsOf = (counts: ReadonlyMap<string, DrainCount>) => (options.countsDrained === false ? [] : doubts(counts));
  try {
    if (options.existing === 'drain' && draining.some((target) => openOf(flows, target) > 0)) {
      const onProgress = (left: number, secondsLeft: number): void =>
        options.report({ step: 'draining', left, secondsLeft });
      const { drainMs, signal } = options;
      const counts = await drainConnections(host, draining, { drainMs, signal, onProgress, open: flows, tally, apps });
      return { counts, warnings: doubtsOf(counts), isWhole: true };
    }
    const counts = new Map<string, DrainCount>();
    for (const { name, slot } of draining) {
      const open = openFlows(flows, slot);
      const cut = options.existing === 'cut' ? await cutFlows(host, open, slot) : 0;
      counts.set(name, { drained: tally.ended(slot, open.length), cut, proxied: open.length - cut });
    }
    return { counts, warnings: doubtsOf(counts), isWhole: true };
  } catch (error) {
    const why = reasonOf(error);
    return {
      counts: new Map(draining.map(({ name }) => [name, NOT_COUNTED])),
      warnings: [`proxied connections could not be dealt with: ${why}`],
      isWhole: false,
    };
  }
}

/** A warning for the applications whose drained connections could not be counted. */
function doubts(counts: ReadonlyMap<string, DrainCount>): string[] {
  const names = [...counts].flatMap(([name, { drained }]) => (drained === null ? [name] : []));
  const what = 'how many connections drained cannot be told';
  return names.length === 0
    ? []
    : [`${names.join(', ')}: ${what}: some ended about when the switch came, before or after it`];
}
