/** Where native nft finds an application, and what it leaves alone there. */
import { unreachable } from '../../../errors/unreachable.ts';
import type { DirectedPolicy } from '../app-policy.ts';
import type { Direction } from '../mark.ts';
import type { InterceptedApp, ResolvedSelector } from '../policy.ts';
import type { LookupKey, MapElement, Match } from '../ruleset.ts';

/** The map of an application, and its keys in it. */
export interface Lookup {
  readonly name: string;
  readonly key: LookupKey;
  readonly keys: readonly MapElement['key'][];
}

/** The map that an application is found in by direction, and its keys there. */
export function nftLookup(app: Pick<InterceptedApp, 'select' | 'inbound'>, direction: Direction): Lookup {
  if (direction === 'outbound') return selectorLookup(app.select);
  const ports = app.inbound?.ports ?? [];
  if (ports.length === 0) return { name: 'in_all', key: { by: 'protocol' }, keys: ['tcp'] };
  return { name: 'in_port', key: { by: 'dport' }, keys: ports };
}

function selectorLookup(select: ResolvedSelector): Lookup {
  switch (select.kind) {
    case 'users':
      return { name: 'out_uid', key: { by: 'uid' }, keys: select.uids };
    case 'group':
      return { name: 'out_gid', key: { by: 'gid' }, keys: [select.gid] };
    case 'slice': {
      const level = select.path.split('/').length;
      return { name: `out_cgroup${level}`, key: { by: 'cgroup', level }, keys: [select.path] };
    }
    case 'all':
      return { name: 'out_all', key: { by: 'protocol' }, keys: ['tcp'] };
    default:
      return unreachable(select);
  }
}

/** The conditions under which a packet is outside this application's scope and returns. */
export function leftAlone(one: DirectedPolicy, lookup: Lookup): Match[] {
  const matches: Match[] = [];
  const address = one.direction === 'outbound' ? 'daddr' : 'saddr';
  if (!one.app.families.ipv6) matches.push({ on: 'family', family: 6 });
  if (!one.app.families.ipv4) matches.push({ on: 'family', family: 4 });
  if (one.excludePorts.length > 0) matches.push({ on: 'dport', ports: one.excludePorts, negate: false });
  for (const family of [4, 6] as const) {
    const excluded = one.excludeCidrs.filter((cidr) => cidr.family === family);
    const included = one.includeCidrs.filter((cidr) => cidr.family === family);
    if (excluded.length > 0) matches.push({ on: address, cidrs: excluded, negate: false });
    if (included.length > 0) matches.push({ on: address, cidrs: included, negate: true });
    // An include list that names only the other family covers nothing of this one.
    else if (one.includeCidrs.length > 0) matches.push({ on: 'family', family });
  }
  // A look-up by port has already found that the port is included.
  if (one.includePorts.length > 0 && lookup.key.by !== 'dport') {
    matches.push({ on: 'dport', ports: one.includePorts, negate: true });
  }
  return matches;
}

/** The look-ups of an output hook in the order of their precedence, as far as a map of that name is there. */
export function outputLookups(maps: readonly string[]): readonly (readonly [string, LookupKey])[] {
  const cgroups = maps.flatMap((name) => /^out_cgroup(\d+)_app$/.exec(name)?.[1] ?? []).map(Number);
  const lookups: [string, LookupKey][] = [
    ['out_uid', { by: 'uid' }],
    ['out_gid', { by: 'gid' }],
    // The deepest slice is the most specific one.
    ...cgroups
      .sort((a, b) => b - a)
      .map((level): [string, LookupKey] => [`out_cgroup${level}`, { by: 'cgroup', level }]),
    ['out_all', { by: 'protocol' }],
  ];
  return lookups.filter(([name]) => maps.includes(`${name}_app`));
}
