/** Hazards of transparent proxying: marks, tables and rules of others, and listeners that may not take the calls. */
import { baseChains, followChain } from './follow-rules.ts';
import type { ForeignTable } from './foreign-rules.ts';
import type { Hazard, Judgement, Unseen } from './hazard.ts';
import type { AppInQuestion, HazardFacts } from './hazard-facts.ts';
import { packetOf, representativePorts } from './packets.ts';

/** Everything that marks and transparent listeners depend on; nothing for an application in another mode. */
export function judgeTransparent(app: AppInQuestion, facts: HazardFacts): Judgement {
  if (app.mode !== 'tproxy') return { hazards: [], unseen: [] };
  const hazards: Hazard[] = listenerHazards(app, facts);
  const unseen: Unseen[] = [];
  const { markRoutes, rules } = facts;
  if (markRoutes !== null && 'unseen' in markRoutes)
    unseen.push({ about: 'routing rules for marks', why: markRoutes.unseen });
  if (markRoutes !== null && 'seen' in markRoutes) {
    const { clashes, earlier, foreignRoutes } = markRoutes.seen;
    if (clashes.length > 0) hazards.push(markHazard(clashes));
    if (earlier.length > 0) hazards.push(earlierHazard(earlier));
    if (foreignRoutes.length > 0) hazards.push(tableHazard(foreignRoutes));
  }
  if ('seen' in rules) hazards.push(...markedHazards(app, rules.seen));
  return { hazards, unseen };
}

function markHazard(clashes: readonly string[]): Hazard {
  return {
    id: 'mark-taken',
    severity: 'refuse',
    what: `another routing rule is about marks that weir uses (0x57 in the highest byte): ${clashes.join('; ')}`,
    why: 'packets of one would be routed as those of the other',
    hint: 'give the other program a mark without 0x57 in its highest byte, or use `mode: redirect`',
  };
}

function earlierHazard(rules: readonly string[]): Hazard {
  return {
    id: 'routing-rule',
    severity: 'warn',
    what: `routing rules of others are asked before weir's: ${rules.slice(0, 3).join('; ')}`,
    why: 'connections that their table has a route for leave the host instead of reaching the sidecar',
    hint: 'give these rules a priority above 87, or exclude these connections in mesh.yaml',
  };
}

function tableHazard(routes: readonly string[]): Hazard {
  return {
    id: 'table-taken',
    severity: 'refuse',
    what: `routing table 22359, which weir uses, holds routes of another program: ${routes.slice(0, 3).join('; ')}`,
    why: 'marked packets could leave the host instead of reaching the sidecar',
    hint: 'move these routes to another table, or use `mode: redirect`',
  };
}

/** A listener that is not transparent does not take connections to addresses of others: they would be refused. */
function listenerHazards(app: AppInQuestion, { listeners }: HazardFacts): Hazard[] {
  return app.directed.flatMap(({ direction, port }): Hazard[] => {
    const own = listeners.filter(({ local }) => local.port === port);
    if (own.length === 0 || !own.some(({ transparent }) => transparent === false)) return [];
    return [
      {
        id: 'not-transparent',
        severity: 'refuse',
        what: `the sidecar's ${direction} listener at port ${port} is not transparent (IP_TRANSPARENT)`,
        why: 'only a transparent listener takes connections to addresses that are not its own: each would be refused',
        hint: 'set `transparent: true` on that listener, and let the sidecar have CAP_NET_ADMIN (`capabilities: [NET_ADMIN]`)',
      },
    ];
  });
}

/** weir never writes over a mark: a packet that another program marks first stays direct. */
function markedHazards(app: AppInQuestion, tables: readonly ForeignTable[]): Hazard[] {
  const found = app.directed.flatMap((one) => {
    const hook = one.direction === 'outbound' ? ('output' as const) : ('prerouting' as const);
    const uid = hook === 'output' && app.select.kind === 'users' ? (app.select.uids[0] ?? null) : null;
    const gid = hook === 'output' && app.select.kind === 'group' ? app.select.gid : null;
    const families = ([4, 6] as const).filter((family) => (family === 4 ? app.families.ipv4 : app.families.ipv6));
    return families.flatMap((family) =>
      representativePorts(one).flatMap((dport) =>
        baseChains(tables, hook, family).flatMap(({ table, chain }) => {
          if (!table.chains.some(({ rules }) => rules.some(({ effects }) => effects.some(isMarking)))) return [];
          const paths = followChain(table, chain, { packet: packetOf(family, { dport, uid, gid }) }) ?? [];
          const met = paths.map(({ ends }) => ends.packet.effects.filter(({ effect }) => isMarking(effect)));
          // Sure where each path that the packet may take marks it: conditions that cannot be told open several.
          const isSure = met.length > 0 && met.every((effects) => effects.length > 0);
          return met.flat().map(({ rule }) => ({ rule, isSure, direction: one.direction }));
        }),
      ),
    );
  });
  const first = found.find(({ isSure }) => isSure) ?? found[0];
  if (first === undefined) return [];
  return [
    {
      id: 'packet-marked',
      severity: first.isSure ? 'refuse' : 'warn',
      what: `another program marks ${first.direction} packets of the application`,
      why: `a packet has one mark, and weir leaves a marked one alone: these connections go direct. The rule: ${first.rule.text}`,
      hint: 'let that rule leave the application out, exclude these connections in mesh.yaml, or use `mode: redirect`',
    },
  ];
}

function isMarking(effect: string): boolean {
  return effect === 'sets-packet-mark' || effect === 'restores-connection-mark';
}
