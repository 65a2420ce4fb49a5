/** Names of subsets and labels: short, readable, and independent of a script's other groups. */
import { hash } from 'node:crypto';
import { describeProviders } from '../plan/describe-rule.ts';
import type { ProviderGroup } from '../plan/route-plan.ts';
import { parameterEqualities } from './parameter-labels.ts';

const LONGEST = 32;

/**
 * A DNS label for a group: the script's own name for it, else what it asks of a provider (`env-gray`, `host-10-1`). Where
 * letters were lost on the way, four hex digits of the group's definition tell it from others.
 */
export function subsetName(group: ProviderGroup): string {
  const own = isOwnName(group.label) ? group.label : plainText(group);
  const slug = own
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const isWhole = slug !== '' && slug.length <= LONGEST && slug === own.toLowerCase().replace(/[ =.:_-]+/g, '-');
  if (isWhole) return slug;
  const digits = hash('sha256', JSON.stringify([group.where, own])).slice(0, 4);
  const head = slug.slice(0, LONGEST - 5).replace(/-+$/, '');
  return head === '' ? `g-${digits}` : `${head}-${digits}`;
}

/** Names by identity: groups of one identity share a name; where two identities meet, both get digits of their own. */
export function subsetNames(
  groups: ReadonlyMap<string, ProviderGroup>,
  taken: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const plain = new Map([...groups].map(([identity, group]) => [identity, subsetName(group)]));
  const counts = new Map<string, number>();
  for (const name of plain.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map(
    [...plain].map(([identity, name]) => {
      if (counts.get(name) === 1 && !taken.has(name)) return [identity, name];
      return [identity, `${name}-${hash('sha256', identity).slice(0, 6)}`];
    }),
  );
}

// A word that the author of the script chose, as a list's name or an HSF key.
function isOwnName(label: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{N}_.-]*$/u.test(label);
}

function plainText({ where }: ProviderGroup): string {
  const labels = parameterEqualities(where);
  if (labels !== null)
    return Object.entries(labels)
      .map(([key, value]) => `${key} ${value}`)
      .join(' ');
  return describeProviders(where).replaceAll('*', '');
}
