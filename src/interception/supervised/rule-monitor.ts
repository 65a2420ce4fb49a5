/** Repairs rules that somebody changed or wiped under a running sidecar. */
import { WeirError } from '../../errors/weir-error.ts';
import { applyPolicy, wantedRulesets } from '../apply-rules.ts';
import type { Backend } from '../backend.ts';
import type { InterceptHost } from '../host.ts';
import type { InstalledRules } from '../ports.ts';
import { compareRulesets, type Finding, NOTHING } from '../rules/findings.ts';
import { readSituation, type Situation } from '../situation.ts';
import type { StoredApp } from '../stored-state.ts';
import { leasesOf, policyOfPlan, type SwitchPlan, settledApps, withApps } from '../switch-plan.ts';
import type { TellTraffic } from './lease-renewal.ts';
import { noteChange } from './supervised-apps.ts';

/**
 * The interval of reading the rules, and a factor: slow reads are spaced so that they take a fiftieth of the time, up to
 * the longest interval. On a busy machine a read is slow because it waits, and the rules are to be looked at all the same.
 */
const [INTERVAL_MS, COST_FACTOR, LONGEST_MS] = [2000, 50, 15_000] as const;
/** Rules that are removed again and again are restored ever later; after a quiet time of so many waits, at once. */
const [FIRST_WAIT_MS, LAST_WAIT_MS, QUIET_WAITS] = [1000, 60_000, 4] as const;

/** A repair, and the applications that it is for. */
interface Mending {
  readonly plan: SwitchPlan;
  readonly apps: readonly string[];
  /** The state that it was in. */
  readonly from: 'drifted' | 'on';
  readonly reason: string;
}

/**
 * Keeps the rules of one sidecar's applications as they were switched on. It restores what somebody wiped, and puts a
 * lease in force that `on` could not for want of a supervisor. It acts only under the commands' lock, and on the state
 * file and kernel as read under it, so it never undoes an operator's `off`.
 */
export class RuleMonitor {
  readonly #host: InterceptHost;
  readonly #sidecar: string;
  readonly #tell: TellTraffic;
  #nextLookAt = 0;
  #mendedAt = Number.NEGATIVE_INFINITY;
  #waitMs: number = FIRST_WAIT_MS;
  #isLooking = false;

  constructor(host: InterceptHost, sidecar: string, tell: TellTraffic) {
    this.#host = host;
    this.#sidecar = sidecar;
    this.#tell = tell;
  }

  /** Reads the rules when it is time, or at once. Call it while the sidecar serves. Only one read runs at a time. */
  async look(when: 'due' | 'now'): Promise<void> {
    const { clock } = this.#host;
    const began = clock.monotonic();
    if (this.#isLooking || began < this.#mendedAt + this.#waitMs || (when === 'due' && began < this.#nextLookAt))
      return;
    this.#isLooking = true;
    let isWhole = true;
    try {
      isWhole = this.#mending(await readSituation(this.#host, 'remembered')) === null;
      if (!isWhole) await this.#mendUnderLock();
    } finally {
      this.#isLooking = false;
      const now = clock.monotonic();
      // What was wrong may have been seen half done, and what was put back may be taken away again: it is read again soon.
      const pause = isWhole ? Math.min(LONGEST_MS, (now - began) * COST_FACTOR) : INTERVAL_MS;
      this.#nextLookAt = now + Math.max(INTERVAL_MS, pause);
    }
  }

  async #mendUnderLock(): Promise<void> {
    const { clock } = this.#host;
    // A running command may be the cause of the difference, so it is left to finish.
    const lock = await this.#host
      .takeLock(`sidecar run ${this.#sidecar}`, 0, () => {})
      .catch((error: unknown) => {
        if (error instanceof WeirError && error.code === 'WEIR2021') return null;
        throw error;
      });
    if (lock === null) return;
    try {
      const situation = await readSituation(this.#host, 'remembered');
      const mending = this.#mending(situation);
      if (mending === null || situation.stored === null || situation.backend === null) return;
      const now = clock.monotonic();
      const isQuiet = now - this.#mendedAt > this.#waitMs * QUIET_WAITS;
      this.#waitMs = isQuiet ? FIRST_WAIT_MS : Math.min(this.#waitMs * 2, LAST_WAIT_MS);
      this.#mendedAt = now;
      const { plan, apps, from, reason } = mending;
      const firewall = this.#host.firewall(situation.backend);
      const leases = leasesOf(plan.apps.filter(({ name }) => apps.includes(name)));
      // Before, where the kernel can hold a lease without its rule, and after, where it cannot.
      await firewall.renewLeases(leases);
      await applyPolicy(firewall, policyOfPlan(plan, true), []);
      await firewall.renewLeases(leases);
      await this.#host.store.write({ ...situation.stored, apps: withApps(situation.stored.apps, plan.apps) });
      this.#tell('rules', `${apps.join(', ')}: ${reason}`);
      await noteChange(this.#host, this.#sidecar, { apps, from, to: 'on', reason });
    } finally {
      await lock.release();
    }
  }

  /** Null when nothing is missing. Extra rules stay; `weir status` reports them. */
  #mending(situation: Situation): Mending | null {
    const { backend, stored } = situation;
    const installed = backend === null ? undefined : situation.installed.get(backend);
    if (backend === null || stored === null || installed === undefined) return null;
    const isGone = (name: string): boolean => (situation.apps.get(name)?.kernel ?? null) === null;
    const isOn = (name: string): boolean => situation.apps.get(name)?.desired === 'on';
    const isMine = (app: StoredApp): boolean => isOn(app.name) && app.sidecar.name === this.#sidecar;
    // A killed `on` leaves a trial that the kernel ends soon; a change here would make it permanent.
    if (stored.apps.some((app) => !app.proven && isOn(app.name))) return null;
    // Another application's sidecar may not serve, so its rules stay as they are, even when missing.
    const isConcerned = (app: StoredApp): boolean => isMine(app) || !isOn(app.name) || !isGone(app.name);
    const mine = stored.apps.filter(isMine);
    if (mine.length === 0) return null;
    const settled = settledApps(situation, this.#host.clock.now()).filter(isConcerned);
    const plan = { guard: stored.guard, apps: settled.map((app) => (isMine(app) ? withLease(app) : app)) };
    const wrong = this.#wrongParts({ guard: stored.guard, apps: stored.apps.filter(isConcerned) }, backend, installed);
    const names = mine.map(({ name }) => name);
    const hit = wrong.some(({ app }) => app === null)
      ? names
      : names.filter((name) => wrong.some(({ app }) => app === name));
    if (hit.length > 0) {
      const first = wrong.find(({ app }) => app === null || hit.includes(app));
      const changed = `its rules were changed (${first?.where}: ${first?.what}) and are put back`;
      return { plan, apps: hit, from: 'drifted', reason: hit.every(isGone) ? GONE_REASON : changed };
    }
    const unleased = mine.filter(needsLease).map(({ name }) => name);
    return unleased.length === 0 ? null : { plan, apps: unleased, from: 'on', reason: LEASE_REASON };
  }

  /** The missing or different rules by the state file, in which passed deadlines are not recorded yet. */
  #wrongParts(plan: SwitchPlan, backend: Backend, installed: InstalledRules): Finding[] {
    return wantedRulesets(backend, policyOfPlan(plan, true), installed).flatMap((wanted) => {
      const found = installed.rulesets.find(({ scope }) => scope === wanted.scope);
      const findings = compareRulesets(wanted, found ?? { scope: wanted.scope, tables: [] });
      return findings.filter(({ expected }) => expected !== NOTHING);
    });
  }
}

const GONE_REASON = 'its rules were gone from the kernel and are put back';
const LEASE_REASON = 'a supervisor renews its lease from now on';

function needsLease({ leaseSeconds, policy, onFailure }: StoredApp): boolean {
  return leaseSeconds !== null && policy.leaseSeconds === null && onFailure === 'direct';
}

function withLease(app: StoredApp): StoredApp {
  return needsLease(app) ? { ...app, policy: { ...app.policy, leaseSeconds: app.leaseSeconds } } : app;
}
