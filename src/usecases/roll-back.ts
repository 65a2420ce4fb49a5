import { WeirError } from '../errors/weir-error.ts';
import type { OffCause } from '../intercept/ruleset.ts';
import { switchedOff } from '../intercept/switch-off.ts';
import { type AppliedRules, applyRulesets } from './apply-rules.ts';
import type { InterceptHost } from './host.ts';
import type { Firewall } from './ports.ts';
import { sendDirectFromMemory } from './send-direct.ts';
import type { StoredState } from './stored-state.ts';
import type { SwitchEvent } from './switch-result.ts';

/** What is to be undone, and why. */
export interface RollBack {
  readonly firewall: Firewall;
  readonly before: AppliedRules;
  /** The state file as it was, null when there was none. */
  readonly stored: StoredState | null;
  readonly report: (event: SwitchEvent) => void;
  readonly why: readonly string[];
  /** The applications that the command was about. */
  readonly names: readonly string[];
}

/**
 * Puts the rules and the state file back to what they were, then throws. An application that somebody switched off
 * meanwhile, which alone may have made the proof fail, stays direct also where it was on before.
 * @throws WeirError exit 4 when all is as before; exit 5 with the manual steps when it is not
 */
export async function rollBackRules(
  host: InterceptHost,
  { firewall, before, stored, report, why, names }: RollBack,
): Promise<never> {
  const overtaken = await switchedOffMeanwhile(host, firewall, names);
  const reasons = [
    ...overtaken.map((name) => `${name}: somebody switched it off while this was being proven`),
    ...why,
  ].join('; ');
  try {
    const undone = await applyRulesets(firewall, before.before, []);
    report({ step: 'rolled-back', ms: undone.ms });
    if (stored === null) await host.store.remove();
    else await host.store.write(stored);
    for (const name of overtaken) await sendDirectFromMemory(host, stored, [name]);
  } catch (cause) {
    throw new WeirError('WEIR3008', {
      what: 'switching on failed, and so did the way back',
      why: `${reasons}; then: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: `send all traffic direct by hand: sh ${host.panicFile.path}   (the kernel drops what was not proven by itself within 20 s)`,
      cause,
    });
  }
  throw new WeirError('WEIR3007', {
    what: 'the interception was not proven and has been rolled back',
    why: `${reasons}; the host is as it was before`,
    hint:
      overtaken.length > 0
        ? 'see `weir status` for who did, and switch it on again when you may'
        : "see the sidecar's listeners and log, and `weir check`; then try again",
  });
}

/**
 * Those for which `weir off` or off.sh came while the command was at work. Where the kernel or the markers cannot be read
 * nobody counts as such: the way back must not wait for that.
 */
async function switchedOffMeanwhile(
  host: InterceptHost,
  firewall: Firewall,
  names: readonly string[],
): Promise<readonly string[]> {
  const switched = async () =>
    [...switchedOff((await firewall.read()).rulesets)].filter(isByHand).map(([name]) => name);
  const pressed = async () => [...(await host.panicFile.pressed()).keys()];
  const known = await Promise.allSettled([switched(), pressed()]);
  const overtaken = new Set(known.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])));
  return names.filter((name) => overtaken.has(name));
}

function isByHand([, causes]: readonly [string, readonly OffCause[]]): boolean {
  return causes.some((cause) => cause !== 'bypass');
}
