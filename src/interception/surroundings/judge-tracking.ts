/** Hazards of connection tracking: zones, untracked packets, marks of others, ports that are forwarded. */
import type { DirectedPolicy } from '../rules/app-policy.ts';
import { baseChains, conditionText, followChain } from './follow-rules.ts';
import type { Effect, ForeignRule, ForeignTable } from './foreign-rules.ts';
import type { Hazard, HazardId, Judgement, Unseen } from './hazard.ts';
import type { AppInQuestion, HazardFacts } from './hazard-facts.ts';
import { packetOf, representativePorts } from './packets.ts';

/** Everything about connection tracking that one application's connections depend on. */
export function judgeTracking(app: AppInQuestion, { rules }: HazardFacts): Judgement {
  // Judged once, by the filters' judge: the same rules.
  if ('unseen' in rules) return { hazards: [], unseen: [] };
  const hazards = new Map<HazardId, Hazard>();
  const unseen = new Map<string, Unseen>();
  const keep = (hazard: Hazard): void => {
    if (hazards.get(hazard.id)?.severity !== 'refuse') hazards.set(hazard.id, hazard);
  };
  for (const one of app.directed) {
    const hook = one.direction === 'outbound' ? 'output' : 'prerouting';
    const way = one.direction === 'outbound' ? 'connections of the application' : 'calls that come in';
    const found = effectsOn(app, one, rules.seen, hook, unseen);
    for (const { effect, rule, isSure } of found) {
      const severity = isSure ? 'refuse' : 'warn';
      const which = isSure ? '' : ` (where ${rule.conditions.map(conditionText).join(' and ')})`;
      // What is not redirected by NAT needs no tracking, in no zone.
      if (app.mode === 'tproxy' && effect !== 'forwards') continue;
      if (effect === 'zone') keep({ ...zoneHazard(way, which, rule), severity });
      if (effect === 'untracked') keep({ ...untrackedHazard(way, which, rule), severity });
      if (effect === 'forwards' && hook === 'prerouting' && one.includePorts.length > 0)
        keep(forwardedHazard(one, rule));
    }
  }
  if (app.mode === 'redirect' && app.directed.some(({ direction }) => direction === 'inbound')) {
    const mark = foreignMarkHazard(rules.seen);
    if (mark !== null) keep(mark);
  }
  return { hazards: [...hazards.values()], unseen: [...unseen.values()] };
}

/** Packets get their zone and are left untracked before connection tracking looks at them (netfilter_ipv4.h). */
const TRACKING_PRIORITY = -200;

/** The effects of a hook's base chains on the application's connections: on all of them (sure), or on some. */
function effectsOn(
  app: AppInQuestion,
  one: DirectedPolicy,
  tables: readonly ForeignTable[],
  hook: 'output' | 'prerouting',
  unseen: Map<string, Unseen>,
): { effect: Effect; rule: ForeignRule; isSure: boolean }[] {
  const uid = hook === 'output' && app.select.kind === 'users' ? (app.select.uids[0] ?? null) : null;
  const gid = hook === 'output' && app.select.kind === 'group' ? app.select.gid : null;
  const families = ([4, 6] as const).filter((family) => (family === 4 ? one.app.families.ipv4 : one.app.families.ipv6));
  return families.flatMap((family) =>
    baseChains(tables, hook, family).flatMap(({ table, chain }) => {
      const isNat = chain.hook?.type === 'nat';
      if (!isNat && (chain.hook?.priority ?? 0) > TRACKING_PRIORITY) return [];
      if (!table.chains.some(({ rules }) => rules.some(({ effects }) => effects.some(isOfInterest)))) return [];
      return representativePorts(one).flatMap((dport) => {
        const paths = followChain(table, chain, { packet: packetOf(family, { dport, uid, gid }) });
        if (paths === null) {
          const about = `${table.by} ${table.family} ${table.name} ${chain.name}`;
          unseen.set(about, { about: `the rules of ${about}`, why: 'they branch too often to be followed' });
          return [];
        }
        const met = paths.map(({ ends }) => ends.packet.effects.filter(({ effect }) => isOfInterest(effect)));
        return met.flat().flatMap(({ effect, rule }) => {
          if (isBesideScope(rule, one)) return [];
          return [{ effect, rule, isSure: met.every((effects) => effects.some((other) => other.effect === effect)) }];
        });
      });
    }),
  );
}

function isOfInterest(effect: Effect): boolean {
  return effect === 'zone' || effect === 'untracked' || effect === 'forwards';
}

/** A rule about ports that the application leaves alone anyway. */
function isBesideScope(rule: ForeignRule, { excludePorts }: DirectedPolicy): boolean {
  return rule.conditions.some(
    (condition) =>
      condition.on === 'dport' &&
      !condition.negate &&
      condition.ports.every(({ from, to }) => excludePorts.some((out) => out.from <= from && to <= out.to)),
  );
}

function zoneHazard(way: string, which: string, rule: ForeignRule): Hazard {
  return {
    id: 'conntrack-zone',
    severity: 'refuse',
    what: `${way} are tracked in a zone of their own${which}`,
    why: `a sidecar asks the kernel for the original destination, and the kernel looks in zone 0 only. It finds none, so every call fails. The rule: ${rule.text}`,
    hint: 'leave out the zone for these connections, or exclude them in mesh.yaml',
  };
}

function untrackedHazard(way: string, which: string, rule: ForeignRule): Hazard {
  return {
    id: 'untracked',
    severity: 'refuse',
    what: `${way} are not tracked${which}`,
    why: `what is not tracked cannot be redirected: it goes direct. The rule: ${rule.text}`,
    hint: 'remove the NOTRACK rule for these connections, or exclude them in mesh.yaml',
  };
}

function forwardedHazard(one: DirectedPolicy, rule: ForeignRule): Hazard {
  const ports = rule.conditions.flatMap((condition) => (condition.on === 'dport' ? [conditionText(condition)] : []));
  return {
    id: 'forwarded-port',
    severity: 'warn',
    what: `calls to ${ports[0] ?? `port ${one.includePorts[0]?.from}`} are forwarded elsewhere and stay so`,
    why: `another program's rule takes them before weir does: ${rule.text}`,
    hint: 'remove that rule, or leave the port out of `inbound` in mesh.yaml',
  };
}

/** A connection has one mark: one that another program has written is left alone, and one of weir may be overwritten. */
function foreignMarkHazard(tables: readonly ForeignTable[]): Hazard | null {
  const rules = tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules));
  const has = (effect: Effect): ForeignRule | undefined => rules.find(({ effects }) => effects.includes(effect));
  const restores = has('restores-connection-mark');
  const rule = restores ?? has('sets-connection-mark');
  if (rule === undefined) return null;
  return {
    id: 'foreign-mark',
    severity: restores === undefined ? 'warn' : 'refuse',
    what: 'another program uses the connection mark',
    why: `a connection has one mark only. Where the other program sets it first, weir leaves the call alone, and it goes past the sidecar. Where weir sets it first, the other program does not route the replies. The rule: ${rule.text}`,
    hint: 'leave `inbound` out of mesh.yaml on this host, or route these replies by something else than the connection mark',
  };
}
