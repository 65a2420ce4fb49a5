/** When calls leave the own unit, in numbers. */

/** A sentence about one application of a host that prefers its own unit. */
export function spillText(
  app: string,
  { total, byUnit }: { readonly total: number; readonly byUnit: Readonly<Record<string, number>> },
  { own, spillPercent }: { readonly own: string; readonly spillPercent: number },
): string {
  const here = byUnit[own] ?? 0;
  const elsewhere = total - here;
  const counts = `${app}: ${here} in ${own}, ${elsewhere} elsewhere`;
  if (here === 0) return `${counts}; every call leaves the unit`;
  if (elsewhere === 0) return `${counts}; no call can leave the unit`;
  // Envoy: healthy instances times 100 / spill, as a share of all, is what stays.
  const least = Math.ceil((here * spillPercent) / 100);
  const fewer = least - 1;
  const staying = Math.round(((fewer / here) * 10_000) / spillPercent);
  return `${counts}; calls stay while ${least} of ${here} are healthy, with ${fewer} healthy ${100 - staying} % of them leave`;
}
