/** The choice of probes that prove an interception. */
import { unreachable } from '../errors/unreachable.ts';
import { cidrHoldsAddress } from '../mesh/cidr.ts';
import { compareBreadth } from '../mesh/selector-kinds.ts';
import type { InterceptHost } from './host.ts';
import type { ProbeRequest } from './ports.ts';
import { type DirectedPolicy, directedPolicies } from './rules/app-policy.ts';
import type { InterceptPolicy } from './rules/policy.ts';
import { probePort } from './rules/probe-target.ts';

/** uid of nobody on every distribution; probes run as it where only a group or cgroup matters. */
const NOBODY = 65534;

/** One connection that is to prove something. */
export interface PlannedProbe {
  readonly family: 4 | 6;
  /** Sent by the application: must be redirected. Sent by a sidecar account: must go direct. */
  readonly role: 'app' | 'sidecar';
  /** Of the application; for a sidecar account, of the one that would catch it if any does. */
  readonly policy: DirectedPolicy;
  readonly request: ProbeRequest;
}

/** A probe as the application, whose destination a sidecar account can be tried at as well. */
type AppProbe = PlannedProbe & { readonly role: 'app' };

/**
 * The probes that prove the named applications: one an application and family, one a sidecar account and family. The
 * prober is told to get ready.
 * Applications whose scopes are alike share their destinations, and the host is asked for those once a family.
 */
export async function planProbes(
  host: InterceptHost,
  policy: InterceptPolicy,
  names: ReadonlySet<string>,
): Promise<PlannedProbe[]> {
  if (names.size > 0) host.prober.prepare();
  const outbound = policy.apps
    .filter((app) => names.has(app.name))
    .flatMap((app) => directedPolicies(app, policy).filter((one) => one.direction === 'outbound'));
  const unselected = unselectedUid(policy);
  const ofFamily = async (family: 4 | 6): Promise<PlannedProbe[]> => {
    const ported = outbound.flatMap((one) => {
      const port = (family === 4 ? one.app.families.ipv4 : one.app.families.ipv6) ? probePort(one) : null;
      return port === null ? [] : [{ one, port }];
    });
    if (ported.length === 0) return [];
    const scopes = new Map(ported.map(({ one }) => [scopeKey(one), one]));
    const lists = await host.probeAddresses([...scopes.values()].map(scopeOf), family);
    const addressesOf = new Map([...scopes.keys()].map((key, index) => [key, lists[index] ?? []]));
    const apps = ported.map(({ one, port }): AppProbe => {
      const addresses = addressesOf.get(scopeKey(one)) ?? [];
      const as = appAccount(one, unselected);
      const { mode } = one.app;
      const request = { as, family, mode, port, addresses };
      return { family, role: 'app', policy: one, request };
    });
    return [...apps, ...sidecarProbes(apps, policy, unselected)];
  };
  return (await Promise.all(([4, 6] as const).map(ofFamily))).flat();
}

function scopeKey({ includeCidrs, excludeCidrs }: DirectedPolicy): string {
  return [includeCidrs, excludeCidrs].map((cidrs) => cidrs.map(({ text }) => text).join(' ')).join(' but ');
}

function scopeOf(one: DirectedPolicy): Parameters<InterceptHost['probeAddresses']>[0][number] {
  return { allowed: (address) => covers(one, address), included: one.includeCidrs.map(({ text }) => text) };
}

/** Whether an address is one that the policy diverts. */
function covers(one: DirectedPolicy, address: string): boolean {
  const included = one.includeCidrs.length === 0 || one.includeCidrs.some((cidr) => cidrHoldsAddress(cidr, address));
  return included && !one.excludeCidrs.some((cidr) => cidrHoldsAddress(cidr, address));
}

/** One probe for each account that every application must leave alone, to a destination of the broadest application. */
function sidecarProbes(apps: readonly AppProbe[], policy: InterceptPolicy, unselected: number): PlannedProbe[] {
  // A broad selector most likely catches an account by mistake, and a probe needs a destination.
  const isHomeless = ({ request }: AppProbe): number => (request.addresses.length === 0 ? 1 : 0);
  const [broadest] = apps.toSorted(
    (a, b) => isHomeless(a) - isHomeless(b) || compareBreadth(b.policy.app.select, a.policy.app.select),
  );
  if (broadest === undefined) return [];
  const accounts = [
    ...policy.guard.uids.map((uid) => ({ uid, gid: null, cgroup: null })),
    ...policy.guard.gids.map((gid) => ({ uid: unselected, gid, cgroup: null })),
  ];
  return accounts.map((as) => ({ ...broadest, role: 'sidecar', request: { ...broadest.request, as } }));
}

function appAccount(one: DirectedPolicy, unselected: number): ProbeRequest['as'] {
  const select = one.app.select;
  switch (select.kind) {
    case 'users':
      return { uid: select.uids[0] ?? NOBODY, gid: null, cgroup: null };
    case 'group':
      return { uid: unselected, gid: select.gid, cgroup: null };
    case 'slice':
      return { uid: unselected, gid: null, cgroup: select.path };
    case 'all':
      return { uid: unselected, gid: null, cgroup: null };
    default:
      return unreachable(select);
  }
}

/** An account that no application and no sidecar is selected by. */
function unselectedUid(policy: InterceptPolicy): number {
  const taken = new Set(policy.guard.uids);
  for (const app of policy.apps) if (app.select.kind === 'users') for (const uid of app.select.uids) taken.add(uid);
  let uid = NOBODY;
  while (taken.has(uid)) uid -= 1;
  return uid;
}
