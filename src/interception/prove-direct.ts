/** The look that follows a switch: nothing is called direct that the rules in the kernel still divert. */
import { WeirError } from '../errors/weir-error.ts';
import type { InterceptHost } from './host.ts';
import { entryRemovals } from './rules/entry-removals.ts';
import { sendDirect } from './send-direct.ts';
import { readSituation, type Situation } from './situation.ts';

/** The situation in which the applications are direct, and what it took beyond the first switch. */
export interface ProvenDirect {
  readonly situation: Situation;
  /** Milliseconds that the firewall tools took. */
  readonly ms: number;
  readonly warnings: readonly string[];
}

/**
 * Adds switches where the situation shows diverted applications, and reads again. Where changed rules ignore the
 * switch, the application's entries are removed from the rules.
 * @throws WeirError WEIR3042, exit 5, when rules still divert one of them
 */
export async function confirmDirect(
  host: InterceptHost,
  first: Situation,
  names: readonly string[],
  search: 'every' | 'remembered' = 'remembered',
): Promise<ProvenDirect> {
  if (divertedOf(first, names).length === 0) return { situation: first, ms: 0, warnings: [] };
  let ms = await sendDirect(host, first, names);
  let situation = await readSituation(host, search);
  let left = divertedOf(situation, names);
  if (left.length === 0) return { situation, ms, warnings: [] };
  const warnings = left.map((name) => `${name}: its rules were changed by hand; its entries were taken out of them`);
  ms += await removeEntries(host, situation, left);
  situation = await readSituation(host, search);
  left = divertedOf(situation, names);
  if (left.length === 0) return { situation, ms, warnings };
  throw new WeirError('WEIR3042', {
    what: `${left.join(', ')}: rules in the kernel still divert it`,
    why: 'the kernel accepted the switch, but its rules ignore it: somebody changed them',
    hint: '`weir uninstall` removes every rule of weir; `weir verify` names what was changed',
  });
}

/** Those of the applications that the rules divert. */
function divertedOf({ apps }: Situation, names: readonly string[]): string[] {
  return names.filter((name) => {
    const kernel = apps.get(name)?.kernel ?? null;
    return kernel !== null && kernel.off.length === 0 && (kernel.families.ipv4 || kernel.families.ipv6);
  });
}

async function removeEntries(host: InterceptHost, { installed }: Situation, names: readonly string[]): Promise<number> {
  let ms = 0;
  for (const [backend, { rulesets }] of installed) {
    const changes = rulesets
      .map((ruleset) => ({ scope: ruleset.scope, operations: entryRemovals(ruleset, names), undo: [] }))
      .filter(({ operations }) => operations.length > 0);
    if (changes.length > 0) ms += (await host.firewall(backend).commit(changes)).ms;
  }
  return ms;
}
