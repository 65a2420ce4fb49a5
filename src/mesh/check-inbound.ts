/** The check that no two applications claim the same inbound port. */
import { cidrContains } from './cidr.ts';
import type { AppConfig, Cidr, PortRange, SidecarConfig, TrafficScope } from './mesh-config.ts';
import { formatPortRange, MAX_PORT, subtractPortRanges } from './port-range.ts';
import type { ProblemList } from './yaml/problem-list.ts';

/** One stretch of ports on which an app takes its inbound connections through a sidecar. */
interface InboundClaim {
  readonly app: AppConfig;
  readonly scope: TrafficScope;
  readonly range: PortRange;
}

/**
 * Whether each inbound connection belongs to one app only (the kernel does not yet know the process when it comes in),
 * and whether none is taken from a sidecar's own ports.
 */
export function checkInboundPorts(
  apps: Iterable<AppConfig>,
  sidecars: Iterable<SidecarConfig>,
  problems: ProblemList,
): void {
  const owned = [...sidecars].flatMap(sidecarPorts);
  const claims = [...apps].flatMap((app) => (app.inbound === null ? [] : claimsOf(app, app.inbound)));
  for (const claim of claims) reportSidecarPort(claim, owned, problems);
  reportOverlaps(claims, problems);
}

function claimsOf(app: AppConfig, scope: TrafficScope): InboundClaim[] {
  const wanted = scope.ports.length === 0 ? [{ from: 1, to: MAX_PORT }] : scope.ports;
  return subtractPortRanges(wanted, scope.exclude.ports).map((range) => ({ app, scope, range }));
}

function sidecarPorts({ name, outbound, inbound, admin }: SidecarConfig): { port: number; owner: string }[] {
  const ports = { outbound, inbound, admin: admin.kind === 'http' ? admin.port : undefined };
  return Object.entries(ports).flatMap(([key, port]) =>
    port === undefined ? [] : [{ port, owner: `sidecars.${name}.${key}` }],
  );
}

/** "Every port" leaves the sidecars' ports alone by itself; a port that the file names must not be one of theirs. */
function reportSidecarPort(
  { app, scope, range }: InboundClaim,
  owned: { port: number; owner: string }[],
  problems: ProblemList,
): void {
  if (scope.ports.length === 0) return;
  const hit = owned.find(({ port }) => port >= range.from && port <= range.to);
  if (hit === undefined) return;
  problems.atValue(['apps', app.name, 'inbound', 'ports'], {
    what: `port ${hit.port} is ${hit.owner}`,
    why: "a sidecar's own port cannot be an app's port as well",
    hint: range.from === range.to ? 'take it out of the list' : `add exclude: {ports: [${hit.port}]}`,
  });
}

/** One pass over the claims by first port; each app is reported once. */
function reportOverlaps(claims: readonly InboundClaim[], problems: ProblemList): void {
  let open: InboundClaim[] = [];
  const reported = new Set<string>();
  for (const claim of claims.toSorted((a, b) => a.range.from - b.range.from)) {
    open = open.filter(({ range }) => range.to >= claim.range.from);
    const other = open.find(({ app, scope }) => app !== claim.app && networksMeet(scope, claim.scope));
    open.push(claim);
    if (other === undefined) continue;
    const [first, later] = [other, claim].toSorted(
      (a, b) => a.app.position.line - b.app.position.line || a.app.position.column - b.app.position.column,
    );
    if (first === undefined || later === undefined || reported.has(later.app.name)) continue;
    reported.add(later.app.name);
    const shared = { from: claim.range.from, to: Math.min(claim.range.to, other.range.to) };
    reportOverlap(first.app, later.app, shared, problems);
  }
}

function reportOverlap(first: AppConfig, later: AppConfig, shared: PortRange, problems: ProblemList): void {
  const path = ['apps', later.name, 'inbound'];
  const place = problems.has([...path, 'ports']) ? [...path, 'ports'] : path;
  problems.atValue(place, {
    what: `${portWords(shared)} inbound of apps.${first.name} too (line ${first.position.line})`,
    why: 'a connection that comes in can belong to one app only',
    hint: 'give each app its own ports, or other cidrs',
  });
}

function portWords(shared: PortRange): string {
  if (shared.from === 1 && shared.to === MAX_PORT) return 'every port is';
  return shared.from === shared.to ? `port ${shared.from} is` : `ports ${formatPortRange(shared)} are`;
}

/** Whether some address can be in both scopes: CIDR blocks are disjoint or nested, so looking for nesting is enough. */
function networksMeet(a: TrafficScope, b: TrafficScope): boolean {
  return effective(a).some((one) =>
    effective(b).some((two) => meet(one, two) && !covered(one, two, a) && !covered(one, two, b)),
  );
}

const EVERYWHERE: readonly Cidr[] = [
  { family: 4, text: '0.0.0.0/0' },
  { family: 6, text: '::/0' },
];

function effective({ cidrs }: TrafficScope): readonly Cidr[] {
  return cidrs.length === 0 ? EVERYWHERE : cidrs;
}

function meet(one: Cidr, two: Cidr): boolean {
  return cidrContains(one, two) || cidrContains(two, one);
}

/** Whether the part that two meeting networks share is excluded as a whole. */
function covered(one: Cidr, two: Cidr, { exclude }: TrafficScope): boolean {
  const shared = cidrContains(one, two) ? two : one;
  return exclude.cidrs.some((hole) => cidrContains(hole, shared));
}
