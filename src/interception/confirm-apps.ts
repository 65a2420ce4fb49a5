/** The use case of `weir confirm`. */
import { reasonOf } from '../errors/message-of.ts';
import { WeirError } from '../errors/weir-error.ts';
import { unknownApp } from './app-names.ts';
import { isTrial } from './app-state.ts';
import { applyPolicy } from './apply-rules.ts';
import { type LockWait, lockBeforeChanges } from './begin-lock.ts';
import type { InterceptHost } from './host.ts';
import type { KnownApp } from './known-apps.ts';
import { refuseBlindness, refuseElsewhere } from './look.ts';
import { readSituation, type Situation } from './situation.ts';
import { isAlreadyOn, policyOfPlan, settledApps, withApps } from './switch-plan.ts';
import type { Warned } from './switch-result.ts';

/** The result of `confirm`. */
export interface ConfirmResult {
  /** Applications whose deadline is gone now. */
  readonly confirmed: readonly string[];
  /** Milliseconds that the firewall tools ran. */
  readonly ms: number;
}

/**
 * Makes the result of `on --confirm` permanent: removes the deadline from the rules. Without names, all that are
 * unconfirmed. `readDeclared` gives the applications of mesh.yaml, none when it cannot be read.
 * @throws WeirError exit 2 (unknown application), 3 (it is off, or its deadline has passed)
 */
export async function confirmApps(
  host: InterceptHost,
  names: readonly string[],
  readDeclared: () => Promise<readonly string[]>,
  wait: LockWait,
): Promise<Warned<ConfirmResult>> {
  const what = `confirm ${names.join(' ')}`.trim();
  const lock = await lockBeforeChanges(host, what, wait, {
    stands: 'no deadline was taken out',
    hint: `run \`weir ${what}\` again before the deadline; \`weir status\` shows the time that is left`,
  });
  try {
    const situation = await readSituation(host, 'remembered');
    const command = `weir ${what}`;
    refuseElsewhere(host, situation, command);
    refuseBlindness(situation, names, command);
    for (const name of names) {
      const app = situation.apps.get(name);
      if (app === undefined) throw await neverOn(name, situation, readDeclared);
      refuseExpired(app);
    }
    const unconfirmed = [...situation.apps.values()].filter(
      (known) => known.stored?.confirm && isAlreadyOn(known) && (names.length === 0 || names.includes(known.name)),
    );
    if (unconfirmed.length === 0 || situation.stored === null || situation.backend === null) {
      return {
        result: { confirmed: [], ms: 0 },
        warnings: [
          names.length === 0 ? 'nothing is waiting to be confirmed' : `${names.join(', ')}: confirmed already`,
        ],
      };
    }
    const confirmed = unconfirmed.map((known) => known.name);
    const kept = unconfirmed.flatMap((known) => (known.stored ? [{ ...known.stored, confirm: null }] : []));
    const plan = { guard: situation.stored.guard, apps: withApps(settledApps(situation, host.clock.now()), kept) };
    const { ms } = await applyPolicy(host.firewall(situation.backend), policyOfPlan(plan, true), []);
    // The rules are changed first: after a crash in between, the next command finds a permanent interception.
    const warnings: string[] = [];
    await host.store
      .write({ ...situation.stored, apps: plan.apps })
      .catch((error: unknown) =>
        warnings.push(`${reasonOf(error)}; the kernel keeps ${confirmed.join(', ')} on, without a deadline`),
      );
    for (const name of confirmed) {
      await host.journal({
        at: new Date(host.clock.now()).toISOString(),
        app: name,
        from: 'unconfirmed',
        to: 'on',
        by: 'weir confirm',
        reason: null,
      });
    }
    return { result: { confirmed, ms }, warnings };
  } finally {
    await lock.release();
  }
}

/** mesh.yaml is read only here: a broken file must not prevent a confirmation. */
async function neverOn(
  name: string,
  situation: Situation,
  readDeclared: () => Promise<readonly string[]>,
): Promise<WeirError> {
  const known = [...new Set([...(await readDeclared()), ...situation.apps.keys()])].sort();
  if (!known.includes(name)) return unknownApp(name, known, 'this host');
  return new WeirError('WEIR3010', {
    what: `${name} is off: there is nothing to confirm`,
    why: 'it was not switched on since the last `weir uninstall`',
    hint: `switch it on first: \`weir on ${name} --confirm 60s\``,
  });
}

function refuseExpired(app: KnownApp): void {
  const { name, desired, reason } = app;
  if (desired === 'on') return;
  if (isTrial(app)) {
    throw new WeirError('WEIR3010', {
      what: `${name} is not proven: there is nothing to confirm`,
      why: '`weir on` was interrupted before packets had proven its rules, and the kernel ends them by itself',
      hint: `switch it on: \`weir on ${name}\``,
    });
  }
  throw new WeirError('WEIR3010', {
    what: `${name} is off: there is nothing to confirm`,
    why:
      reason === 'confirm expired'
        ? 'its deadline has passed, and the kernel has ended the interception'
        : `it was switched off (${reason ?? 'by an operator'})`,
    hint: `switch it on again: \`weir on ${name} --confirm 60s\``,
  });
}
