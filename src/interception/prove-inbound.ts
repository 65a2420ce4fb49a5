/** Proof of inbound interception: calls from a throw-away neighbour, before and after the rules are there. */
import { messageOf } from '../errors/message-of.ts';
import { cidrHoldsAddress } from '../mesh/cidr.ts';
import type { InterceptHost } from './host.ts';
import type { RememberedFlow, TcpEndpoint, TcpSocket, TrackedFlow } from './ports.ts';
import { type DirectedPolicy, directedPolicies } from './rules/app-policy.ts';
import type { DivertMode, InterceptPolicy } from './rules/policy.ts';
import { representativePorts } from './surroundings/packets.ts';
import type { Neighbour, OutsideCall, RoutingFacts } from './surroundings/ports.ts';
import type { Seen } from './surroundings/seen.ts';
import { whetherSeen } from './within-time.ts';

/** The result of calls from outside for one application. `not proven` is no failure: nothing was found out. */
export interface InboundProof {
  readonly result: 'ok' | 'failed' | 'not proven';
  /** Null when it is proven. */
  readonly detail: string | null;
}

/** One call that shall prove something. */
interface PlannedCall extends OutsideCall {
  readonly one: DirectedPolicy;
}

/** Calls from outside, begun before the rules are installed. */
export interface OutsideLook {
  /** Calls again and compares. Applications without inbound are not among the answers. */
  finish(isFresh: (app: string) => boolean): Promise<ReadonlyMap<string, InboundProof>>;
  close(): Promise<void>;
}

/** Makes the first calls; nothing is made where no application has inbound connections. Never rejects. */
export async function lookFromOutside(
  host: InterceptHost,
  policy: InterceptPolicy,
  names: readonly string[],
  listeners: readonly TcpSocket[],
): Promise<OutsideLook> {
  const unproven = (inbound: readonly DirectedPolicy[], why: string): OutsideLook => ({
    finish: async () => notProven(inbound, why),
    close: async () => {},
  });
  const opened = await openOutside(host, policy, names, { seen: listeners });
  if (opened.neighbour === null) return unproven(opened.inbound, opened.why);
  const { inbound, calls, neighbour } = opened;
  try {
    const before = await neighbour.call(calls);
    return {
      finish: (isFresh) => compare(host, { inbound, calls, before, neighbour }, isFresh),
      close: () => neighbour.close(),
    };
  } catch (error) {
    await neighbour.close();
    return unproven(inbound, messageOf(error));
  }
}

/** Calls to applications that are on already, which were opened for but not made yet. */
export interface InboundLook {
  /** Makes the calls and ends the neighbour. Applications without inbound are not among the answers. Never rejects. */
  prove(): Promise<ReadonlyMap<string, InboundProof>>;
}

/** Opens a neighbour, where one of the applications has inbound connections. Never rejects. */
export async function openInboundLook(
  host: InterceptHost,
  policy: InterceptPolicy,
  names: readonly string[],
): Promise<InboundLook> {
  const hasInbound = policy.apps.some(({ name, inbound }) => names.includes(name) && inbound !== null);
  if (!hasInbound) return { prove: async () => new Map() };
  const listed = await host.connections.sockets('listening').then(
    (seen) => ({ seen }),
    (error: unknown) => ({ unseen: messageOf(error) }),
  );
  const opened = await openOutside(host, policy, names, listed);
  return {
    async prove() {
      const { inbound, neighbour } = opened;
      if (neighbour === null) return notProven(inbound, opened.why);
      try {
        const answers = await neighbour.call(opened.calls);
        const listings = await listCalls(host, inbound, answers);
        const judged = opened.calls.map((call, index) => ({
          name: call.one.app.name,
          proof: judgeNow(call, answers[index] ?? null, listings),
        }));
        return byApp(inbound, judged);
      } catch (error) {
        return notProven(inbound, messageOf(error));
      } finally {
        await neighbour.close();
      }
    },
  };
}

/** What can be called from outside, and the neighbour for it; without one, why. */
type Outside =
  | { readonly inbound: readonly DirectedPolicy[]; readonly neighbour: null; readonly why: string }
  | {
      readonly inbound: readonly DirectedPolicy[];
      readonly neighbour: Neighbour;
      readonly calls: readonly PlannedCall[];
    };

async function openOutside(
  host: InterceptHost,
  policy: InterceptPolicy,
  names: readonly string[],
  listed: Seen<readonly TcpSocket[]>,
): Promise<Outside> {
  const inbound = policy.apps
    .filter(({ name }) => names.includes(name))
    .flatMap((app) => directedPolicies(app, policy).filter(({ direction }) => direction === 'inbound'));
  if (inbound.length === 0) return { inbound, neighbour: null, why: '' };
  // Without these nobody knows where to call, which is not that nobody listens.
  if ('unseen' in listed) return { inbound, neighbour: null, why: `listeners could not be listed: ${listed.unseen}` };
  const [opened, routing] = await Promise.all([host.surroundings.openNeighbour(), host.surroundings.routing()]);
  if ('unseen' in opened) return { inbound, neighbour: null, why: opened.unseen };
  const neighbour = opened.seen;
  if ('unseen' in routing) {
    await neighbour.close();
    return { inbound, neighbour: null, why: routing.unseen };
  }
  const calls = inbound.flatMap((one) => callsOf(one, neighbour, routing.seen, listed.seen));
  return { inbound, neighbour, calls };
}

function notProven(inbound: readonly DirectedPolicy[], why: string): ReadonlyMap<string, InboundProof> {
  return new Map(inbound.map(({ app }) => [app.name, { result: 'not proven', detail: why }]));
}

/** A call a family, to an address of this host at a port of the application that somebody listens on. */
function callsOf(
  one: DirectedPolicy,
  { sources }: Neighbour,
  { interfaces }: RoutingFacts,
  listeners: readonly TcpSocket[],
): PlannedCall[] {
  const addresses = interfaces.flatMap((link) => (link.isLoopback ? [] : link.addresses));
  return (['ipv4', 'ipv6'] as const).flatMap((family): PlannedCall[] => {
    const source = sources[family];
    if (!one.app.families[family] || !isInScope(one, source)) return [];
    const own = addresses.filter((address) => address.includes(':') === (family === 'ipv6') && address !== source);
    for (const address of own) {
      const port = listenedPort(one, address, listeners);
      if (port !== null) return [{ address, port, one }];
    }
    return [];
  });
}

function isInScope({ includeCidrs, excludeCidrs }: DirectedPolicy, source: string): boolean {
  const isIncluded = includeCidrs.length === 0 || includeCidrs.some((cidr) => cidrHoldsAddress(cidr, source));
  return isIncluded && !excludeCidrs.some((cidr) => cidrHoldsAddress(cidr, source));
}

/** A port of the policy that somebody listens on at this address. */
function listenedPort(one: DirectedPolicy, address: string, listeners: readonly TcpSocket[]): number | null {
  const wildcard = address.includes(':') ? '::' : '0.0.0.0';
  const heard = listeners.filter(
    ({ local, dualStack }) => dualStack || local.address === wildcard || local.address === address,
  );
  const isExcluded = (port: number): boolean => one.excludePorts.some(({ from, to }) => port >= from && port <= to);
  const open = heard.map(({ local }) => local.port).filter((port) => !isExcluded(port));
  const asked = representativePorts(one);
  if (asked[0] === null) return open[0] ?? null;
  return asked.find((port) => port !== null && open.includes(port)) ?? null;
}

/** The calls before the rules, for the comparison. */
interface Begun {
  readonly inbound: readonly DirectedPolicy[];
  readonly calls: readonly PlannedCall[];
  readonly before: readonly (TcpEndpoint | null)[];
  readonly neighbour: Neighbour;
}

async function compare(
  host: InterceptHost,
  { inbound, calls, before, neighbour }: Begun,
  isFresh: (app: string) => boolean,
): Promise<ReadonlyMap<string, InboundProof>> {
  const asked = await whetherSeen(callTwice(neighbour, calls, before));
  if ('missing' in asked) return notProven(inbound, asked.missing);
  const after = asked.value;
  const listings = await listCalls(host, inbound, after);
  const judged = calls.map((call, index) => {
    const { name } = call.one.app;
    const proof = judge(call, { wasAnswered: Boolean(before[index]), after: after[index] ?? null, listings });
    return { name, proof: proof.result === 'failed' && !isFresh(name) ? unproven(proof) : proof };
  });
  return byApp(inbound, judged);
}

/** A call that was answered before the rules and is not any more is made again: the machine may have been slow. */
async function callTwice(
  neighbour: Neighbour,
  calls: readonly PlannedCall[],
  before: readonly (TcpEndpoint | null)[],
): Promise<readonly (TcpEndpoint | null)[]> {
  const after = [...(await neighbour.call(calls))];
  const silent = [...calls.keys()].filter((index) => before[index] && !after[index]);
  const again = silent.length === 0 ? [] : await neighbour.call(silent.flatMap((index) => calls[index] ?? []));
  for (const [place, index] of silent.entries()) after[index] = again[place] ?? null;
  return after;
}

function byApp(
  inbound: readonly DirectedPolicy[],
  judged: readonly { readonly name: string; readonly proof: InboundProof }[],
): ReadonlyMap<string, InboundProof> {
  return new Map(
    inbound.map(({ app }) => {
      const own = judged.filter(({ name }) => name === app.name).map(({ proof }) => proof);
      return [app.name, worst(own)];
    }),
  );
}

/** Whether the sidecar got this very call, under the application's mark: an earlier one may be remembered for days. */
function isDiverted(
  { one, address, port }: PlannedCall,
  own: TcpEndpoint,
  { tracked, remembered }: CallListings,
): boolean {
  const isCall = (from: TcpEndpoint, to: TcpEndpoint): boolean =>
    from.address === own.address && from.port === own.port && to.address === address && to.port === port;
  if (one.app.mode === 'tproxy')
    return remembered.some((flow) => flow.isTaken && flow.mark === one.mark && isCall(flow.source, flow.destination));
  return tracked.some(
    (flow) =>
      flow.mark === one.mark && isCall(flow.source, flow.originalDestination) && flow.answeredBy.port === one.port,
  );
}

/** What the kernel knows of calls from outside, by the mode of those that they are for. */
interface CallListings {
  readonly tracked: readonly TrackedFlow[];
  readonly remembered: readonly RememberedFlow[];
}

/** Lists nothing where no call was answered. */
async function listCalls(
  host: InterceptHost,
  inbound: readonly DirectedPolicy[],
  answers: readonly (TcpEndpoint | null)[],
): Promise<CallListings> {
  const isAnswered = answers.some((answer) => answer !== null);
  const isIn = (mode: DivertMode): boolean => isAnswered && inbound.some(({ app }) => app.mode === mode);
  const [tracked, remembered] = await Promise.all([
    isIn('redirect') ? host.connections.tracked() : [],
    isIn('tproxy') ? host.firewall('nft').flows() : [],
  ]);
  return { tracked, remembered };
}

/** Without a call from before the rules a silence says nothing; an answer of somebody else does. */
function judgeNow(call: PlannedCall, answer: TcpEndpoint | null, listings: CallListings): InboundProof {
  const what = `a call from outside to ${call.address} port ${call.port} was`;
  if (answer === null) return { result: 'not proven', detail: `${what} not answered` };
  return isDiverted(call, answer, listings)
    ? { result: 'ok', detail: null }
    : { result: 'failed', detail: `${what} answered, and not by the sidecar` };
}

function judge(
  call: PlannedCall,
  {
    wasAnswered,
    after,
    listings,
  }: { readonly wasAnswered: boolean; readonly after: TcpEndpoint | null; readonly listings: CallListings },
): InboundProof {
  const where = `${call.address} port ${call.port}`;
  if (after !== null)
    return isDiverted(call, after, listings)
      ? { result: 'ok', detail: null }
      : { result: 'not proven', detail: `a call from outside to ${where} was answered, and not by the sidecar` };
  if (wasAnswered)
    return {
      result: 'failed',
      detail: `a call from outside to ${where} was answered before, and is not once it is diverted`,
    };
  return { result: 'not proven', detail: `a call from outside to ${where} was not answered before either` };
}

function unproven({ detail }: InboundProof): InboundProof {
  return { result: 'not proven', detail };
}

function worst(proofs: readonly InboundProof[]): InboundProof {
  const [first] = ['failed', 'not proven', 'ok'].flatMap((result) => proofs.filter((proof) => proof.result === result));
  return first ?? { result: 'not proven', detail: 'nobody listens where a call from outside could be tried' };
}
