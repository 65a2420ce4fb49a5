/** How Dubbo's mesh router divides calls by weight. */

/**
 * The share of each destination under MeshRuleRouter's loop. The loop draws t in [0, sum) and takes the first
 * destination whose running sum reaches t. So the first gets one ticket more and the last one less. Weights below 1
 * count as 1.
 */
export function weightShares(weights: readonly number[]): [number, number][] {
  const counted = weights.map((weight) => Math.max(weight, 1));
  const total = counted.reduce((sum, weight) => sum + weight, 0);
  const shares: [number, number][] = [];
  let reached = -1;
  let running = 0;
  counted.forEach((weight, index) => {
    running += weight;
    const last = Math.min(running, total - 1);
    if (last > reached) shares.push([index, (last - reached) / total]);
    reached = Math.max(reached, last);
  });
  return shares;
}
