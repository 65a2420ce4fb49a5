/** Hazards of routing: rules before the local table, interfaces without an address, sockets bound to a device. */
import type { TcpSocket } from '../ports.ts';
import { baseChains, followChain } from './follow-rules.ts';
import type { ForeignRule, ForeignTable } from './foreign-rules.ts';
import type { Hazard, Judgement, Unseen } from './hazard.ts';
import type { AppInQuestion, HazardFacts } from './hazard-facts.ts';
import { packetOf } from './packets.ts';
import type { RoutingFacts } from './ports.ts';

/** Everything about routes that one application's connections depend on. */
export function judgeRouting(app: AppInQuestion, facts: HazardFacts): Judgement {
  const hazards: Hazard[] = [];
  const unseen: Unseen[] = [];
  if ('unseen' in facts.routing) unseen.push({ about: 'routing rules and interfaces', why: facts.routing.unseen });
  else {
    const rules = 'seen' in facts.rules ? facts.rules.seen : [];
    hazards.push(...ruleHazards(app, facts.routing.seen, rules), ...addressHazards(app, facts.routing.seen));
  }
  if ('unseen' in facts.connected) unseen.push({ about: 'sockets of applications', why: facts.connected.unseen });
  else hazards.push(...boundHazards(app, facts.connected.seen));
  return { hazards, unseen };
}

/** A diverted connection goes to this host's own address: a routing rule asked before that table can lead it away. */
function ruleHazards(
  app: AppInQuestion,
  { rulesBeforeLocal }: RoutingFacts,
  tables: readonly ForeignTable[],
): Hazard[] {
  const hasOutbound = app.directed.some(({ direction }) => direction === 'outbound');
  const before = rulesBeforeLocal.filter(({ family }) => (family === 4 ? app.families.ipv4 : app.families.ipv6));
  if (!hasOutbound || before.length === 0) return [];
  const marking = before.some(({ hasMark }) => hasMark) ? markingRule(app, tables) : null;
  const isUnmarked = before.some(({ hasMark }) => !hasMark);
  const shown = before
    .slice(0, 3)
    .map(({ text }) => `\`ip rule\` ${text}`)
    .join('; ');
  return [
    {
      id: 'routing-rule',
      severity: marking !== null ? 'refuse' : isUnmarked ? 'warn' : 'note',
      what: `routing rules are asked before this host's own addresses: ${shown}`,
      why:
        marking === null
          ? 'a diverted connection that such a rule takes leaves the host instead of reaching the sidecar'
          : `connections of the application are marked for such a rule, so they leave the host instead of reaching the sidecar. The rule: ${marking.text}`,
      hint: 'put `lookup local` first again (`ip rule add pref 0 lookup local`), or exclude these connections in mesh.yaml',
    },
  ];
}

/** A rule that marks packets of the application on their way out. */
function markingRule(app: AppInQuestion, tables: readonly ForeignTable[]): ForeignRule | null {
  const uid = app.select.kind === 'users' ? (app.select.uids[0] ?? null) : null;
  for (const family of [4, 6] as const) {
    for (const { table, chain } of baseChains(tables, 'output', family)) {
      if (!table.chains.some(({ rules }) => rules.some(({ effects }) => effects.includes('sets-packet-mark'))))
        continue;
      const paths = followChain(table, chain, { packet: packetOf(family, { uid }) }) ?? [];
      const met = paths.flatMap(({ ends }) =>
        ends.packet.effects.filter(({ effect }) => effect === 'sets-packet-mark'),
      );
      if (met[0] !== undefined) return met[0].rule;
    }
  }
  return null;
}

/** A redirect rewrites to the address of the interface that a call came in by: without one the kernel drops it. */
function addressHazards(app: AppInQuestion, { interfaces }: RoutingFacts): Hazard[] {
  if (app.mode === 'tproxy' || !app.directed.some(({ direction }) => direction === 'inbound')) return [];
  return (['ipv4', 'ipv6'] as const).flatMap((family): Hazard[] => {
    if (!app.families[family] || !interfaces.some(({ has }) => has[family])) return [];
    const bare = interfaces.filter((one) => !one.isLoopback && one.carries[family] && !one.has[family]);
    if (bare.length === 0) return [];
    const [label, names] = [family === 'ipv4' ? 'IPv4' : 'IPv6', bare.map(({ name }) => name).join(', ')];
    return [
      {
        id: 'no-address',
        severity: family === 'ipv4' ? 'refuse' : 'warn',
        what: `${names} ${bare.length === 1 ? 'carries' : 'carry'} ${label} and ${bare.length === 1 ? 'has' : 'have'} no ${label} address`,
        why: `the kernel redirects an incoming call to an address of the interface that it came in by. Without an address it drops the call, and every ${label} call times out`,
        hint: `give ${names} an address, or leave \`inbound\` out of mesh.yaml on this host`,
      },
    ];
  });
}

/** A bound socket sends by its device whatever the destination, so it never reaches the sidecar by loopback. */
function boundHazards(app: AppInQuestion, connected: readonly TcpSocket[]): Hazard[] {
  const { select } = app;
  if (!app.directed.some(({ direction }) => direction === 'outbound')) return [];
  const bound = connected.filter(
    ({ device, uid, cgroup, peer }) =>
      device !== null &&
      !/^fe[89ab]/i.test(peer.address) &&
      (select.kind === 'all' ||
        (select.kind === 'users' && select.uids.includes(uid)) ||
        (select.kind === 'slice' && (cgroup === select.path || cgroup?.startsWith(`${select.path}/`)))),
  );
  const [first] = bound;
  if (first === undefined) return [];
  const devices = [...new Set(bound.map(({ device }) => device))].join(', ');
  return [
    {
      id: 'bound-sockets',
      severity: 'warn',
      what: `${bound.length === 1 ? 'a connection' : `${bound.length} connections`} of it ${bound.length === 1 ? 'is' : 'are'} bound to ${devices} (to ${first.peer.address} port ${first.peer.port})`,
      why: 'a socket that is bound to a device sends by that device only, so it never reaches the sidecar on loopback. Its next connections would time out, and no rule can see which sockets are bound',
      hint: 'exclude where it connects to in mesh.yaml (`exclude: {cidrs: ...}`), or let it bind to an address instead',
    },
  ];
}
