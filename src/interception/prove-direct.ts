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

/** Where to look, and what keeps others from writing meanwhile. */
export interface ConfirmOptions {
  /** Default `remembered`. */
  readonly search?: 'every' | 'remembered';
  /**
   * Waits until no other command of weir writes rules; resolves to the reason where that cannot be had. Left out where
   * the caller holds the lock.
   */
  readonly alone?: () => Promise<string | null>;
}

/** How often the switch is added beside other commands: an `on` of the same application takes it out again. */
const TRIES = 3;

/**
 * Adds switches where the situation shows diverted applications, and reads again. Where changed rules ignore the
 * switch, the application's entries are removed from the rules. What another command writes meanwhile looks the same:
 * that its rules ignore the switch is said of an application once no other command is at work.
 * @throws WeirError WEIR3042, exit 5, when rules still divert one of them
 */
export async function confirmDirect(
  host: InterceptHost,
  first: Situation,
  names: readonly string[],
  { search = 'remembered', alone }: ConfirmOptions = {},
): Promise<ProvenDirect> {
  let situation = first;
  let ms = 0;
  const left = (): string[] => divertedOf(situation, names);
  const send = async (): Promise<void> => {
    ms += await sendDirect(host, situation, names);
    situation = await readSituation(host, search);
  };
  for (let tries = alone === undefined ? 1 : TRIES; tries > 0 && left().length > 0; tries -= 1) await send();
  let noLock: string | null = null;
  if (alone !== undefined && left().length > 0) {
    noLock = await alone();
    situation = await readSituation(host, search);
    if (left().length > 0) await send();
  }
  if (left().length === 0) return { situation, ms, warnings: [] };
  const others = noLock === null ? '' : `, or another command writes them (no lock: ${noLock})`;
  const warnings = left().map(
    (name) => `${name}: its rules were changed by hand${others}; its entries were taken out of them`,
  );
  ms += await removeEntries(host, situation, left());
  situation = await readSituation(host, search);
  if (left().length === 0) return { situation, ms, warnings };
  throw new WeirError('WEIR3042', {
    what: `${left().join(', ')}: rules in the kernel still divert it`,
    why: `the kernel accepted the switch, but its rules ignore it: somebody changed them${others}`,
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
