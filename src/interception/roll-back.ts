/** The rollback of an `on` that was not proven. */
import { messageOf } from '../errors/message-of.ts';
import { WeirError } from '../errors/weir-error.ts';
import { type AppliedRules, applyRulesets } from './apply-rules.ts';
import type { InterceptHost } from './host.ts';
import { undoMarkRoutes } from './mark-routing.ts';
import type { Firewall } from './ports.ts';
import { switchedOff } from './rules/off-switches.ts';
import type { OffCause } from './rules/tag.ts';
import { sendDirectFromMemory } from './send-direct.ts';
import type { StoredApp, StoredState } from './stored-state.ts';
import type { SwitchEvent } from './switch-result.ts';

/** The change to undo, and the reason. */
export interface RollBack {
  readonly firewall: Firewall;
  readonly before: AppliedRules;
  /** The applications as they were to be. */
  readonly planned: readonly StoredApp[];
  /** The state file as it was, null when there was none. */
  readonly stored: StoredState | null;
  readonly report: (event: SwitchEvent) => void;
  readonly why: readonly string[];
  /** The next step, when a more exact cause than the sidecar is known. */
  readonly hint?: string;
  /** A line for each application, for `error.details`: `why` says the same once for many. */
  readonly details?: readonly string[];
  /** The applications that the command was about. */
  readonly names: readonly string[];
}

/**
 * Restores the rules and the state file, then throws. An application that somebody switched off meanwhile stays direct,
 * even if it was on before: that switch alone may have made the proof fail.
 * @throws WeirError exit 4 when all is as before; exit 5 with the manual steps when it is not
 */
export async function rollBackRules(
  host: InterceptHost,
  { firewall, before, planned, stored, report, why, hint, details, names }: RollBack,
): Promise<never> {
  const overtaken = await switchedOffMeanwhile(host, firewall, names);
  const reasons = [
    ...overtaken.map((name) => `${name}: somebody switched it off while this was being proven`),
    ...why,
  ].join('; ');
  try {
    const undone = await applyRulesets(firewall, before.before, []);
    await undoMarkRoutes(host, planned, before.before);
    report({ step: 'rolled-back', ms: undone.ms });
    if (stored === null) {
      await host.store.remove();
      // This command wrote the first panic file; a marker in it is an operator's decision.
      if (overtaken.length === 0) await host.panicFile.remove();
    } else await host.store.write(stored);
    for (const name of overtaken) await sendDirectFromMemory(host, stored, [name]);
  } catch (cause) {
    throw new WeirError('WEIR3008', {
      what: 'switching on failed, and the rollback failed as well',
      why: `${reasons}; then: ${messageOf(cause)}`,
      hint: `send all traffic direct by hand: sh ${host.panicFile.path}   (the kernel drops unproven rules by itself within 20 s)`,
      cause,
    });
  }
  throw new WeirError('WEIR3007', {
    ...(details === undefined ? {} : { details: { proofs: details } }),
    what: 'the interception was not proven and has been rolled back',
    why: `${reasons}; the host is as it was before`,
    hint:
      overtaken.length > 0
        ? 'see `weir status` for who did, and switch it on again when you may'
        : (hint ?? "see the sidecar's listeners and log, and `weir check`; then try again"),
  });
}

/**
 * The applications for which `weir off` or off.sh came during the command. When the kernel or the markers cannot be
 * read, none counts: the rollback must not wait for that.
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
