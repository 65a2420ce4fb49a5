/** The renewal of leases while a sidecar answers. */
import type { InterceptHost } from '../host.ts';
import type { Firewall } from '../ports.ts';
import type { Lease } from '../rules/lease.ts';
import { leasesOf } from '../switch-plan.ts';
import type { LeaseObserver } from './ports.ts';
import { noteChange, type SupervisedApps, supervisedApps } from './supervised-apps.ts';

/** Receives lines that the supervisor prints about its applications' traffic. */
export type TellTraffic = (event: 'lease' | 'rules', text: string) => void;

/** A lease that is renewed this often in its time survives a renewal that comes late. */
const RENEWALS_A_TERM = 3;

/** Renews the leases of one sidecar's applications, and notes when one has lapsed and when it is back. */
export class LeaseRenewal {
  readonly #host: InterceptHost;
  readonly #sidecar: string;
  readonly #tell: TellTraffic;
  readonly #observer: LeaseObserver | undefined;
  /** By application, when its lease was last renewed, milliseconds of the monotonic clock. */
  readonly #renewedAt = new Map<string, number>();
  readonly #lapsed = new Set<string>();
  /** What was on when the state file was read last; null: nothing, or it never was read. */
  #on: SupervisedApps | null = null;
  #dueAt = 0;

  constructor(host: InterceptHost, sidecar: string, tell: TellTraffic, observer?: LeaseObserver) {
    this.#host = host;
    this.#sidecar = sidecar;
    this.#tell = tell;
    this.#observer = observer;
  }

  /**
   * Renews the leases that are due. Call it only after the sidecar answered a readiness request. `now` renews all and
   * notes nothing, because its caller does. Resolves to false when the rules of a leased application are gone. Rejects
   * when the state file cannot be read, after it has renewed the leases that were known before.
   */
  async renew(when: 'due' | 'now'): Promise<boolean> {
    const { clock } = this.#host;
    if (when === 'due' && clock.monotonic() < this.#dueAt && this.#lapsed.size === 0) return true;
    const read = await supervisedApps(this.#host, this.#sidecar).then(
      (on) => ({ on, problem: null }),
      (problem: unknown) => ({ on: this.#on, problem }),
    );
    const { on } = read;
    const isWhole = await this.#renewAll(on, when);
    // What was switched off meanwhile has its switch in the kernel, and a lease changes nothing about that.
    if (read.problem !== null) throw read.problem;
    return isWhole;
  }

  async #renewAll(on: SupervisedApps | null, when: 'due' | 'now'): Promise<boolean> {
    const { clock } = this.#host;
    const leases = on === null ? [] : leasesOf(on.apps);
    this.#on = on;
    this.#dueAt = clock.monotonic() + Math.min(...leases.map(termMs), 3000) / RENEWALS_A_TERM;
    // An application that was switched off meanwhile counts as new when it returns.
    for (const app of this.#renewedAt.keys()) if (!leases.some((lease) => lease.app === app)) this.#forget(app);
    if (on === null || leases.length === 0) return true;
    const firewall = this.#host.firewall(on.backend);
    const fresh = leases.filter(({ app }) => !this.#renewedAt.has(app));
    const left = fresh.length > 0 ? await firewall.remainingLeases(fresh) : new Map<string, number>();
    const missing = await this.#renewInKernel(firewall, leases);
    const renewed = leases.filter(({ app }) => !missing.includes(app));
    // A missing lease cannot be renewed; the command that restores the rules also makes the lease.
    for (const app of missing) this.#forget(app);
    if (when === 'due') for (const lease of renewed) await this.#noteMissedLapse(lease);
    const back = renewed.filter((lease) => this.#hadLapsed(lease) || left.get(lease.app) === 0).map(({ app }) => app);
    for (const { app } of renewed) {
      this.#renewedAt.set(app, clock.monotonic());
      this.#lapsed.delete(app);
    }
    if (back.length > 0 && when === 'due')
      await this.#note(back, 'bypassed', 'on', 'ready again: the lease that had lapsed is renewed');
    return missing.length === 0;
  }

  async #renewInKernel(firewall: Firewall, leases: readonly Lease[]): Promise<readonly string[]> {
    try {
      const missing = await firewall.renewLeases(leases);
      this.#observer?.renewed();
      return missing;
    } catch (error) {
      this.#observer?.missed('failed');
      throw error;
    }
  }

  /** Notes the leases that have lapsed since they were last renewed; the kernel has sent their applications direct. */
  async noteLapsed(why: string): Promise<void> {
    this.#observer?.missed('not-ready');
    const known = leasesOf(this.#on?.apps ?? []);
    const due = known.filter((lease) => !this.#lapsed.has(lease.app) && this.#hadLapsed(lease));
    const lapsed = due.length === 0 ? [] : await this.#lapsedOf(due);
    for (const app of lapsed) this.#lapsed.add(app);
    if (lapsed.length > 0) await this.#note(lapsed, 'on', 'bypassed', `the lease lapsed: ${why}`);
  }

  /** Those that are on and whose lease has run out: meanwhile some may have been switched off, or off and on again. */
  async #lapsedOf(due: readonly Lease[]): Promise<readonly string[]> {
    const on = await supervisedApps(this.#host, this.#sidecar);
    const leases = on === null ? [] : leasesOf(on.apps).filter(({ app }) => due.some((lease) => lease.app === app));
    for (const { app } of due) if (!leases.some((lease) => lease.app === app)) this.#forget(app);
    if (on === null || leases.length === 0) return [];
    const left = await this.#host.firewall(on.backend).remainingLeases(leases);
    const now = this.#host.clock.monotonic();
    for (const lease of leases) this.#renewedAt.set(lease.app, now + (left.get(lease.app) ?? 0) - termMs(lease));
    return leases.filter(({ app }) => left.get(app) === 0).map(({ app }) => app);
  }

  /** A lapse that ended unseen: the first answer after a silence renews the lease. */
  async #noteMissedLapse(lease: Lease): Promise<void> {
    const { app } = lease;
    if (this.#lapsed.has(app) || !this.#hadLapsed(lease)) return;
    this.#lapsed.add(app);
    const agoMs = this.#host.clock.monotonic() - (this.#renewedAt.get(app) ?? 0) - termMs(lease);
    await this.#note([app], 'on', 'bypassed', 'the lease lapsed: it was not renewed in time', agoMs);
  }

  #forget(app: string): void {
    this.#renewedAt.delete(app);
    this.#lapsed.delete(app);
  }

  /** Includes leases that ran out unseen: the process may have been stopped for longer than the lease. */
  #hadLapsed(lease: Lease): boolean {
    const renewedAt = this.#renewedAt.get(lease.app);
    return renewedAt !== undefined && this.#host.clock.monotonic() - renewedAt >= termMs(lease);
  }

  async #note(apps: readonly string[], from: string, to: string, reason: string, agoMs = 0): Promise<void> {
    this.#tell('lease', `${apps.join(', ')}: ${reason}`);
    await noteChange(this.#host, this.#sidecar, { apps, from, to, reason, agoMs });
  }
}

function termMs({ seconds }: Lease): number {
  return seconds * 1000;
}
