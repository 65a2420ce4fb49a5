/** The result of `weir fleet on|off` as text. */
import { countOf } from '../../cli/count-of.ts';
import type { Paint } from '../../cli/paint.ts';
import type { FleetSwitched, SwitchedRegion } from '../usecases/switch-apps.ts';

/** So many hosts are named. */
const MANY = 12;

/** A line a region, and each host that has not confirmed. */
export function switchedText({ action, apps, regions, ms }: FleetSwitched, paint: Paint): string {
  const isRelease = apps.includes('*') && action === 'on';
  // A release switches nothing on by itself: it says nothing of the state of applications.
  const what = isRelease ? 'the red button' : apps.includes('*') ? 'every application' : apps.join(', ');
  const done = isRelease ? 'release' : action;
  const lines = regions.flatMap((region) => regionLines(region, paint));
  const time = ms.confirmed === null ? '' : ` in ${(ms.confirmed / 1000).toFixed(1)} s`;
  const total = regions.reduce((sum, { selected }) => sum + (selected ?? 0), 0);
  const confirmed = regions.reduce((sum, region) => sum + (region.confirmed ?? 0), 0);
  const isDry = regions.every(({ written }) => !written);
  // Hosts of a region that could not be asked are in no count.
  const unread = regions.filter(({ selected, error }) => selected === null || error !== null).map(({ name }) => name);
  const others = unread.length === 0 ? '' : `; of ${someOf(unread)} it is not known`;
  const head = isDry
    ? `${what}: ${done} would go to ${countOf(total, 'host')}; nothing was written${others}`
    : regions.some(({ written, error }) => written && error !== null)
      ? `${what}: ${done} is written; how many hosts have confirmed is not known`
      : `${what}: ${done} confirmed by ${confirmed} of ${countOf(total, 'host')}${time}${others}`;
  return [paint.strong(head), ...lines].join('\n');
}

function regionLines(region: SwitchedRegion, paint: Paint): string[] {
  const { name, error, selected, confirmed, pending, hosts, written } = region;
  if (error !== null || hosts === null || pending === null) return [`  ${name}  ${paint.bad(error ?? 'not read')}`];
  if (!written) return [`  ${name}  ${someOf(hosts) || 'no host'}`];
  const state =
    confirmed === selected ? paint.good(`${confirmed} of ${selected}`) : paint.caution(`${confirmed} of ${selected}`);
  // Hosts that wait for the same are one line.
  const waiting = Map.groupBy(pending, ({ reason }) => reason);
  const lines = [...waiting].map(([reason, own]) => `    ${someOf(own.map(({ host }) => host))}: ${reason}`);
  return [`  ${name}  ${state}`, ...lines];
}

/** The first names of a list, and how many more there are; `--json` has all of them. */
function someOf(names: readonly string[]): string {
  const rest = names.length - MANY;
  return rest <= 0 ? names.join(', ') : `${names.slice(0, MANY).join(', ')} and ${rest} more`;
}
