/** The weights of a cluster's members, so that weighted choices of groups come out as one weighted list. */

/** A provider with the weight that it has among the members of a cluster. */
export interface WeightedMember {
  /** `ip:port`. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  /** 0, or 1 for one of another unit that only takes over. */
  readonly priority: 0 | 1;
}

/** Weights of several choices are rounded to this part of the whole: an error below 0.01 %. */
const WHOLE = 1_000_000;

/**
 * Each choice hands its share to its members by their own weights; who is in several choices gets the sum. Weights are
 * whole and at least 1. Members without weight get no calls, unless a choice has no others: Dubbo then takes all alike.
 */
export function memberWeights(
  picks: readonly { readonly share: number; readonly members: readonly WeightedMember[] }[],
): readonly WeightedMember[] {
  const total = picks.reduce((sum, { share }) => sum + share, 0);
  const found = new Map<string, WeightedMember>();
  for (const { share, members } of picks) {
    const all = members.reduce((sum, { weight }) => sum + weight, 0);
    for (const { id, host, port, weight, priority } of members) {
      const own = all === 0 ? 1 : weight;
      if (own === 0) continue;
      const part = picks.length === 1 ? own : (share / total) * (own / (all === 0 ? members.length : all)) * WHOLE;
      found.set(id, { id, host, port, priority, weight: (found.get(id)?.weight ?? 0) + part });
    }
  }
  const whole = [...found.values()].map((member) => ({ ...member, weight: Math.max(1, Math.round(member.weight)) }));
  const divisor = whole.reduce((common, { weight }) => greatestCommonDivisor(common, weight), 0) || 1;
  return whole
    .map((member) => ({ ...member, weight: member.weight / divisor }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
