/** Hazards of scope: a policy that takes what is not the application's, or nothing at all. */
import { mergeCidrs } from '../../mesh/cidr.ts';
import type { Cidr } from '../../mesh/mesh-config.ts';
import { subtractPortRanges } from '../../mesh/port-range.ts';
import type { TcpSocket } from '../ports.ts';
import type { DirectedPolicy } from '../rules/app-policy.ts';
import { probePort } from '../rules/probe-target.ts';
import type { Hazard, Judgement } from './hazard.ts';
import type { AppInQuestion, HazardFacts } from './hazard-facts.ts';

/** As many listeners as a reader still looks at. */
const MOST_LISTENERS = 5;

/** Everything about what one application's policy covers. */
export function judgeScope(app: AppInQuestion, facts: HazardFacts): Judgement {
  const hazards = [...nothingHazards(app), ...inboundAllHazards(app, facts)];
  return { hazards, unseen: [] };
}

function nothingHazards(app: AppInQuestion): Hazard[] {
  const empty = app.directed.flatMap((one) => {
    const reason = nothingCovered(one);
    return reason === null ? [] : [{ one, reason }];
  });
  if (empty.length === 0) return [];
  const isAll = empty.length === app.directed.length;
  return [
    {
      id: 'nothing-diverted',
      severity: isAll ? 'refuse' : 'warn',
      what: `${empty.map(({ one, reason }) => `${one.direction}: ${reason}`).join('; ')}`,
      why: isAll
        ? 'nothing would be diverted, and the application would still count as on'
        : 'nothing is diverted in that direction',
      hint: isAll
        ? 'mend `exclude`, `ports` or `cidrs` in mesh.yaml, or run `weir off`'
        : 'leave that direction out of mesh.yaml, or mend its `exclude`, `ports` or `cidrs`',
    },
  ];
}

/** Why a policy covers no connection at all; null when it covers some. */
function nothingCovered(one: DirectedPolicy): string | null {
  if (probePort(one) === null) {
    const ports =
      one.includePorts.length === 0
        ? 'every port is excluded'
        : "every port that it names is excluded, or is the sidecar's own or ssh";
    return ports;
  }
  const families = ([4, 6] as const).filter((family) => (family === 4 ? one.app.families.ipv4 : one.app.families.ipv6));
  const isOpen = families.some((family) => {
    const everything: Cidr = { family, text: family === 4 ? '0.0.0.0/0' : '::/0' };
    const included =
      one.includeCidrs.length === 0 ? [everything] : one.includeCidrs.filter((cidr) => cidr.family === family);
    // A network inside an excluded one adds nothing to the list of excluded networks.
    const excluded = mergeCidrs(one.excludeCidrs);
    return included.some((cidr) => sameCidrs(mergeCidrs([...excluded, cidr]), excluded) === false);
  });
  return families.length > 0 && !isOpen ? 'every address is excluded' : null;
}

function sameCidrs(one: readonly Cidr[], other: readonly Cidr[]): boolean {
  return one.map(({ text }) => text).join() === other.map(({ text }) => text).join();
}

/** `inbound: {}` takes calls to everybody who listens in this namespace. */
function inboundAllHazards(app: AppInQuestion, facts: HazardFacts): Hazard[] {
  const [one] = app.directed.filter(
    ({ direction, includePorts }) => direction === 'inbound' && includePorts.length === 0,
  );
  if (one === undefined || app.select.kind === 'all') return [];
  const strangers = facts.listeners.filter((socket) => isStranger(socket, app, one, facts));
  if (strangers.length === 0) return [];
  const byPort = [...new Map(strangers.map((socket) => [socket.local.port, socket])).values()];
  const shown = byPort.slice(0, MOST_LISTENERS).map(listenerText);
  const more = byPort.length - shown.length;
  return [
    {
      id: 'inbound-all',
      severity: 'refuse',
      what: `\`inbound: {}\` takes calls to every port, and not only the application listens here: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
      why: 'calls to those programs would go through this sidecar as well',
      hint: 'name the ports of the application: `inbound: {ports: [...]}`',
    },
  ];
}

function isStranger(
  socket: TcpSocket,
  app: AppInQuestion,
  one: DirectedPolicy,
  { guard, accounts }: HazardFacts,
): boolean {
  const { select } = app;
  const { port, address } = socket.local;
  if (address.startsWith('127.') || address === '::1') return false;
  if (guard.uids.includes(socket.uid)) return false;
  if (subtractPortRanges([{ from: port, to: port }], one.excludePorts).length === 0) return false;
  if (select.kind === 'users') return !select.uids.includes(socket.uid);
  if (select.kind === 'slice') return !(socket.cgroup === select.path || socket.cgroup?.startsWith(`${select.path}/`));
  const holders = socket.processes.flatMap(({ pid }) => accounts.get(pid) ?? []);
  return select.kind === 'group' && holders.length > 0 && holders.every(({ gid }) => gid !== select.gid);
}

function listenerText({ local, uid, processes }: TcpSocket): string {
  const [process] = processes;
  const who = process === undefined ? `uid ${uid}` : `${process.name}, pid ${process.pid}, uid ${uid}`;
  return `port ${local.port} (${who})`;
}
