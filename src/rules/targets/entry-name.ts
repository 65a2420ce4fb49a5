/** Names of entries in the documents: the rule that an entry is for, or the rules whose calls it leaves to the script. */
const SUFFIX = '-refused';
const LONGEST = 48;

/**
 * The name of an entry whose calls stay with the script: `r3-refused`; of several rules `r2_r5-r9-refused`, where `_` is
 * "to". A long list is cut after the first rules and ends in `-etc`.
 */
export function refusedName(rules: readonly string[]): string {
  const numbers = [...new Set(rules.map((id) => Number(id.slice(1))))].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  let name = '';
  for (const [from, to] of runs) {
    const part = from === to ? `r${from}` : `r${from}_r${to}`;
    if (name.length + part.length > LONGEST) return `${name}-etc${SUFFIX}`;
    name = name === '' ? part : `${name}-${part}`;
  }
  return `${name}${SUFFIX}`;
}

/** Whether the calls of an entry of this name stay with the script. */
export function isRefusedEntry(name: string | null | undefined): boolean {
  return name?.endsWith(SUFFIX) === true;
}

/** Whether an entry stands for the calls of a rule; null where a name that was cut cannot tell. */
export function refusesRule(name: string, rule: string): boolean | null {
  const wanted = Number(rule.slice(1));
  const parts = name.slice(0, -SUFFIX.length).split('-');
  for (const part of parts) {
    const [from = '', to = from] = part.split('_');
    if (Number(from.slice(1)) <= wanted && wanted <= Number(to.slice(1))) return true;
  }
  return parts.includes('etc') ? null : false;
}
