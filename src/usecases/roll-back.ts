import { WeirError } from '../errors/weir-error.ts';
import { type AppliedRules, applyRulesets } from './apply-rules.ts';
import type { InterceptHost } from './host.ts';
import type { Firewall } from './ports.ts';
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
}

/**
 * Puts the rules and the state file back to what they were, then throws.
 * @throws WeirError exit 4 when all is as before; exit 5 with the manual steps when it is not
 */
export async function rollBackRules(
  host: InterceptHost,
  { firewall, before, stored, report, why }: RollBack,
): Promise<never> {
  const reasons = why.join('; ');
  try {
    const undone = await applyRulesets(firewall, before.before, []);
    report({ step: 'rolled-back', ms: undone.ms });
    if (stored === null) await host.store.remove();
    else await host.store.write(stored);
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
    hint: "see the sidecar's listeners and log, and `weir check`; then try again",
  });
}
