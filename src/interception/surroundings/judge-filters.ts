/** Hazards of packet filters: what is let through today, and not once it is redirected. */
import type { DirectedPolicy } from '../rules/app-policy.ts';
import { baseChains, type ForeignPacket, followChain, type Path } from './follow-rules.ts';
import type { ForeignChain, ForeignRule, ForeignTable } from './foreign-rules.ts';
import type { Hazard, HazardId, Judgement, Unseen } from './hazard.ts';
import type { AppInQuestion, HazardFacts } from './hazard-facts.ts';
import { packetOf, representativePorts } from './packets.ts';
import type { ProcessAccount } from './ports.ts';

/** Before this priority a base chain sees a connection as it was, after it as the redirect made it (netfilter_ipv4.h). */
const NAT_PRIORITY = -100;

/** Everything about packet filters that one application's connections meet. */
export function judgeFilters(app: AppInQuestion, facts: HazardFacts): Judgement {
  if ('unseen' in facts.rules)
    return { hazards: [], unseen: [{ about: 'rules of packet filters', why: facts.rules.unseen }] };
  const search = new FilterSearch(facts.rules.seen);
  for (const one of app.directed) {
    // The filters see a connection that is proxied transparently as it was: with its own address and port.
    if (one.direction === 'inbound' && app.mode === 'redirect') searchInbound(search, one);
    if (one.direction === 'outbound') searchOutbound(search, app, one, facts);
  }
  return search.judgement();
}

/** A call that comes in meets the input hook under the sidecar's port. */
function searchInbound(search: FilterSearch, one: DirectedPolicy): void {
  for (const family of search.families(one)) {
    for (const port of representativePorts(one)) {
      const before = packetOf(family, { dport: port });
      const after = { ...before, dport: one.port, isRedirected: true };
      search.compare('input', before, after, (sure, { rule, given }) => ({
        id: 'inbound-filtered',
        severity: sure ? 'refuse' : 'warn',
        what: `a packet filter lets ${portText(port)} in, and not port ${one.port}, which diverted calls come in by${given}`,
        why: `the filter sees a call after it was redirected: every call from outside would time out. It ends at: ${rule}`,
        hint: `let TCP port ${one.port} in as well`,
      }));
    }
  }
}

function searchOutbound(search: FilterSearch, app: AppInQuestion, one: DirectedPolicy, facts: HazardFacts): void {
  const uid = app.select.kind === 'users' ? (app.select.uids[0] ?? null) : null;
  const gid = app.select.kind === 'group' ? app.select.gid : null;
  const sidecar = sidecarAccount(one.port, facts);
  for (const family of search.families(one)) {
    const loopback = family === 4 ? '127.0.0.1' : '::1';
    for (const port of representativePorts(one)) {
      const before = packetOf(family, { dport: port, uid, gid });
      const after =
        app.mode === 'tproxy' ? before : { ...before, dport: one.port, daddr: loopback, isRedirected: true };
      const redirected = (sure: boolean, { rule, given }: FilterEvidence): Hazard => ({
        id: 'redirect-filtered',
        severity: sure ? 'refuse' : 'warn',
        what: `a packet filter stops connections on their way to the sidecar at ${app.mode === 'tproxy' ? 'loopback' : `${loopback} port ${one.port}`}${given}`,
        why: `redirected connections come to the filter with the sidecar's address and with the interface that they would have left by. The filter stops them, and they would fail. It ends at: ${rule}`,
        hint:
          app.mode === 'tproxy'
            ? 'let all that comes in by lo through'
            : `let connections to ${loopback} port ${one.port} through`,
      });
      if (app.mode === 'redirect')
        search.compare('output', before, after, redirected, (priority) => priority > NAT_PRIORITY);
      search.compare('input', null, { ...after, uid: null, gid: null, isByLoopback: true }, redirected);
      if (sidecar === null) continue;
      const own = { ...before, uid: sidecar.uid, gid: sidecar.gid };
      search.compare('output', before, own, (sure, { rule, given }) => ({
        id: 'sidecar-egress',
        severity: sure ? 'refuse' : 'warn',
        what: `a packet filter lets the application out, and not the sidecar (uid ${sidecar.uid})${given}`,
        why: `the sidecar makes the connections in the application's place: they would fail. It ends at: ${rule}`,
        hint: `let uid ${sidecar.uid} go where the application may go`,
      }));
    }
  }
}

/** The accounts that listen at a port, as far as known; else the accounts of mesh.yaml. */
function sidecarAccount(port: number, { listeners, accounts, guard }: HazardFacts): ProcessAccount | null {
  const sockets = listeners.filter(({ local }) => local.port === port);
  const holders = sockets.flatMap(({ processes }) => processes.flatMap(({ pid }) => accounts.get(pid) ?? []));
  const [first] = holders.toSorted((a, b) => Number(guard.uids.includes(b.uid)) - Number(guard.uids.includes(a.uid)));
  if (first !== undefined) return first;
  const uid = sockets[0]?.uid ?? guard.uids[0];
  return uid === undefined ? null : { uid, gid: uid, groups: [] };
}

interface FilterEvidence {
  readonly rule: string;
  /** `, for connections with ...` where it depends on something; '' else. */
  readonly given: string;
}

/** Compares the ends of two packets in every base chain of a hook, and keeps one hazard of a kind. */
class FilterSearch {
  readonly #tables: readonly ForeignTable[];
  readonly #hazards = new Map<HazardId, Hazard>();
  readonly #unseen = new Map<string, Unseen>();

  constructor(tables: readonly ForeignTable[]) {
    this.#tables = tables;
  }

  families({ app }: DirectedPolicy): (4 | 6)[] {
    return ([4, 6] as const).filter((family) => (family === 4 ? app.families.ipv4 : app.families.ipv6));
  }

  compare(
    hook: 'input' | 'output',
    before: ForeignPacket | null,
    after: ForeignPacket,
    hazard: (sure: boolean, evidence: FilterEvidence) => Hazard,
    isAsked: (priority: number) => boolean = () => true,
  ): void {
    for (const { table, chain } of baseChains(this.#tables, hook, after.family)) {
      if (chain.hook?.type === 'nat' || !isAsked(chain.hook?.priority ?? 0) || !canDrop(table, chain)) continue;
      const paths = followChain(table, chain, { before: before ?? after, after });
      if (paths === null) {
        const about = `${table.by} ${table.family} ${table.name} ${chain.name}`;
        this.#unseen.set(about, { about: `the filter ${about}`, why: 'it branches too often to be followed' });
        continue;
      }
      const wanted = before === null ? paths : paths.filter(({ ends }) => ends.before.verdict === 'accept');
      const lost = wanted.filter(({ ends }) => ends.after.verdict === 'drop');
      const [first] = lost;
      if (first === undefined) continue;
      const isSure = lost.length === wanted.length;
      // Without a comparison only what never gets through says anything.
      if (before === null && !isSure) continue;
      this.#keep(hazard(isSure, evidenceOf(first, chain, isSure)));
    }
  }

  #keep(hazard: Hazard): void {
    if (this.#hazards.get(hazard.id)?.severity !== 'refuse') this.#hazards.set(hazard.id, hazard);
  }

  judgement(): Judgement {
    return { hazards: [...this.#hazards.values()], unseen: [...this.#unseen.values()] };
  }
}

function evidenceOf(path: Path<'before' | 'after'>, chain: ForeignChain, isSure: boolean): FilterEvidence {
  const { by } = path.ends.after;
  const given = isSure || path.given.length === 0 ? '' : `, for connections with ${path.given.join(' and ')}`;
  return { rule: ruleText(by, chain), given };
}

function ruleText(rule: ForeignRule | null, chain: ForeignChain): string {
  return rule?.text ?? `the policy of ${chain.name}`;
}

/** A chain that accepts all in the end loses nothing, however many rules it has. */
function canDrop(table: ForeignTable, chain: ForeignChain): boolean {
  return (
    chain.policy === 'drop' || table.chains.some(({ rules }) => rules.some(({ verdict }) => verdict.to === 'drop'))
  );
}

function portText(port: number | null): string {
  return port === null ? 'ports' : `port ${port}`;
}
