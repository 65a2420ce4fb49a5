import { type DirectedPolicy, directedPolicies } from '../intercept/app-policy.ts';
import { cidrContains } from '../intercept/cidr.ts';
import type { InterceptPolicy } from '../intercept/policy.ts';
import { probePort } from '../intercept/probe-target.ts';
import type { InterceptHost } from './host.ts';
import type { ProbeOutcome, ProbeRequest } from './ports.ts';

/** The result of sending packets in one family. */
export type FamilyProof = 'ok' | 'failed' | 'skipped';

/** What packets proved about one application. */
export interface AppProof {
  readonly name: string;
  readonly ipv4: FamilyProof;
  readonly ipv6: FamilyProof;
  /** One line for each family that failed or was skipped. */
  readonly details: readonly string[];
}

/** uid and gid of nobody on every distribution; probes run as it where only a group or cgroup matters. */
const NOBODY = 65534;

interface PlannedProbe {
  readonly app: string;
  readonly family: 4 | 6;
  readonly policy: DirectedPolicy;
  /** Sent by the application: must be redirected. Sent by a sidecar account: must go direct. */
  readonly role: 'app' | 'sidecar';
  readonly request: ProbeRequest;
}

/**
 * Proves interception by packets: a connection as the application must be accepted by the sidecar's listener under the
 * application's mark, one as the sidecar's account must go direct. Inbound cannot be tried from inside the namespace
 * (local packets do not pass prerouting as new), so an application with inbound only is `skipped`.
 */
export async function proveByPackets(
  host: InterceptHost,
  policy: InterceptPolicy,
  names: readonly string[],
): Promise<AppProof[]> {
  const outbound = policy.apps
    .filter((app) => names.includes(app.name))
    .flatMap((app) => directedPolicies(app, policy).filter((one) => one.direction === 'outbound'));
  const planned: PlannedProbe[] = [];
  for (const one of outbound) planned.push(...(await planProbes(host, one, policy)));
  const outcomes = await host.prober.probe(planned.map((probe) => probe.request));
  return names.map((name) => {
    const judged = planned.flatMap((probe, index) => {
      const outcome = outcomes[index];
      return probe.app === name && outcome !== undefined ? [{ probe, ...judge(probe, outcome) }] : [];
    });
    const family = (wanted: 4 | 6): FamilyProof => {
      const results = judged.filter(({ probe }) => probe.family === wanted).map(({ result }) => result);
      if (results.length === 0) return 'skipped';
      return results.includes('failed') ? 'failed' : results.includes('skipped') ? 'skipped' : 'ok';
    };
    const details = judged.flatMap(({ detail }) => (detail === null ? [] : [`${name}: ${detail}`]));
    return { name, ipv4: family(4), ipv6: family(6), details };
  });
}

async function planProbes(host: InterceptHost, one: DirectedPolicy, policy: InterceptPolicy): Promise<PlannedProbe[]> {
  const port = probePort(one);
  if (port === null) return [];
  const families = ([4, 6] as const).filter((family) => (family === 4 ? one.app.families.ipv4 : one.app.families.ipv6));
  const probes: PlannedProbe[] = [];
  for (const family of families) {
    const addresses = await host.probeAddresses((address) => covers(one, address), family);
    const base = { app: one.app.name, family, policy: one };
    probes.push({ ...base, role: 'app', request: { as: appAccount(one, policy), family, port, addresses } });
    const uid = policy.guard.uids[0];
    const gid = policy.guard.gids[0];
    if (uid === undefined && gid === undefined) continue;
    const as = { uid: uid ?? NOBODY, gid: gid ?? null, cgroup: null };
    probes.push({ ...base, role: 'sidecar', request: { as, family, port, addresses } });
  }
  return probes;
}

/** Whether an address is one that the policy diverts. */
function covers(one: DirectedPolicy, address: string): boolean {
  const included = one.includeCidrs.length === 0 || one.includeCidrs.some((cidr) => cidrContains(cidr, address));
  return included && !one.excludeCidrs.some((cidr) => cidrContains(cidr, address));
}

function appAccount(one: DirectedPolicy, policy: InterceptPolicy): ProbeRequest['as'] {
  const select = one.app.select;
  switch (select.kind) {
    case 'users':
      return { uid: select.uids[0] ?? NOBODY, gid: null, cgroup: null };
    case 'group':
      return { uid: unselectedUid(policy), gid: select.gid, cgroup: null };
    case 'slice':
      return { uid: unselectedUid(policy), gid: null, cgroup: select.path };
    case 'all':
      return { uid: unselectedUid(policy), gid: null, cgroup: null };
  }
}

/** An account that no other application and no sidecar is selected by. */
function unselectedUid(policy: InterceptPolicy): number {
  const taken = new Set(policy.guard.uids);
  for (const app of policy.apps) if (app.select.kind === 'users') for (const uid of app.select.uids) taken.add(uid);
  let uid = NOBODY;
  while (taken.has(uid)) uid -= 1;
  return uid;
}

function judge(probe: PlannedProbe, outcome: ProbeOutcome): { result: FamilyProof; detail: string | null } {
  const family = `IPv${probe.family}`;
  if (outcome.kind === 'impossible')
    return { result: 'skipped', detail: `${family} not proven by packets: ${outcome.why}` };
  if (probe.role === 'sidecar') {
    if (outcome.kind === 'direct') return { result: 'ok', detail: null };
    return {
      result: 'failed',
      detail: `${family}: the sidecar's own connection was redirected as well, which would loop`,
    };
  }
  if (outcome.kind === 'direct')
    return { result: 'failed', detail: `${family}: a connection as the application still went direct` };
  if (outcome.mark !== probe.policy.mark) {
    return {
      result: 'failed',
      detail: `${family}: the redirected connection carries mark ${outcome.mark}, not ${probe.policy.mark}`,
    };
  }
  if (!outcome.accepted || outcome.answeredBy.port !== probe.policy.port) {
    const where = `${outcome.answeredBy.address}:${outcome.answeredBy.port}`;
    return {
      result: 'failed',
      detail: `${family}: the redirected connection was not accepted by the sidecar (it went to ${where})`,
    };
  }
  return { result: 'ok', detail: null };
}
