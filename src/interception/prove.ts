/** The proof of an interception by real packets. */
import type { InterceptHost } from './host.ts';
import type { PlannedProbe } from './plan-probes.ts';
import type { ProbeOutcome } from './ports.ts';

/** The result of sending packets in one family. */
export type FamilyProof = 'ok' | 'failed' | 'skipped';

/** The result of the proof for one application. */
export interface AppProof {
  readonly name: string;
  readonly ipv4: FamilyProof;
  readonly ipv6: FamilyProof;
  /** One line for each family that failed or was skipped. */
  readonly details: readonly string[];
}

interface Judgement {
  readonly family: 4 | 6;
  readonly result: FamilyProof;
  readonly detail: string | null;
}

/**
 * Proves interception by packets. The sidecar's listener must accept a connection of the application under the
 * application's mark. A connection of each sidecar account must go direct; it is made once a family and counts for
 * every application. Inbound cannot be tried from inside the namespace, because local packets do not pass prerouting as
 * new. An application with inbound only is `skipped`. `planned`: the probes of these applications (`planProbes`).
 */
export async function proveByPackets(
  host: InterceptHost,
  planned: readonly PlannedProbe[],
  names: readonly string[],
): Promise<AppProof[]> {
  const outcomes = await host.prober.probe(planned.map((probe) => probe.request));
  const own = new Map<string, Judgement[]>();
  const shared: Judgement[] = [];
  for (const [index, probe] of planned.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined) continue;
    const judgement = { family: probe.family, ...judge(probe, outcome) };
    if (probe.role === 'sidecar') shared.push(judgement);
    else own.set(probe.policy.app.name, [...(own.get(probe.policy.app.name) ?? []), judgement]);
  }
  // One of a thousand accounts that goes right says nothing more to an application than that.
  const notable = shared.filter(({ result }) => result !== 'ok');
  return names.map((name) => {
    const mine = own.get(name) ?? [];
    const judged = [...mine, ...notable.filter(({ family }) => mine.some((one) => one.family === family))];
    const details = judged.flatMap(({ detail }) => (detail === null ? [] : [`${name}: ${detail}`]));
    return { name, ipv4: worst(judged, 4), ipv6: worst(judged, 6), details: [...new Set(details)] };
  });
}

function worst(judged: readonly Judgement[], family: 4 | 6): FamilyProof {
  const results = judged.filter((one) => one.family === family).map(({ result }) => result);
  if (results.length === 0) return 'skipped';
  return results.includes('failed') ? 'failed' : results.includes('skipped') ? 'skipped' : 'ok';
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
      detail: `${family}: the redirected connection carries mark ${hex(outcome.mark)}, not ${hex(probe.policy.mark)}`,
    };
  }
  if (!outcome.accepted || outcome.answeredBy.port !== probe.policy.port) {
    const { address, port } = outcome.answeredBy;
    const where = port === 0 ? 'no socket' : `${address}:${port}`;
    const why = outcome.why === undefined ? '' : `: ${outcome.why}`;
    return {
      result: 'failed',
      detail: `${family}: the redirected connection was not accepted by the sidecar (it went to ${where}${why})`,
    };
  }
  return { result: 'ok', detail: null };
}

/** As nft and conntrack write marks. */
function hex(mark: number): string {
  return `0x${mark.toString(16).padStart(8, '0')}`;
}
