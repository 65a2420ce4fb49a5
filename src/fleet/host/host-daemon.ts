/** The daemon of a host: follows the store, does what it says of this host, and says how the host is. */
import { messageOf } from '../../errors/message-of.ts';
import { type Decision, decide, nextExpiry } from '../model/decide.ts';
import type { HostRecord, HostStatus } from '../model/records.ts';
import type { StoredItem, StoreListing } from '../ports.ts';
import { followStore } from './follow-store.ts';
import { emptyMemory, type HostMemory } from './host-memory.ts';
import { hostRecord, hostStatus, identityOf } from './host-status.ts';
import type { HostPorts, LocalApp, LocalLook } from './ports.ts';
import { ReleaseMover } from './release-mover.ts';
import { RunningOffs } from './running-offs.ts';
import { type OwnRevision, rulesOf, seeStore } from './see-store.ts';
import { StatusWriter } from './status-writer.ts';

/** The host is looked at so often by itself, in ms: what changed beside the daemon is found then at the latest. */
const LOOK_MS = 5_000;
/** A switch that failed is tried again after this time, in ms. */
const RETRY_MS = 10_000;

/** An application that the daemon switches at this moment, or failed to. */
interface Work {
  readonly wanted: Decision['state'];
  isRunning: boolean;
  failed: { readonly reason: string; readonly atMs: number } | null;
}

/** One host that follows its fleet. */
export class HostDaemon {
  readonly #ports: HostPorts;
  readonly #status: StatusWriter;
  #memory: HostMemory;
  /** What the store holds now, believed or not. */
  #present: readonly StoredItem[] = [];
  #seen: StoreListing | null = null;
  #look: LocalLook = { apps: [], sidecars: [] };
  /** Before the first look nobody knows which applications there are. */
  #isLooked = false;
  /** Whether the store was listed since it was away: its own record is not written before that, which would hide another history. */
  #isFollowing = false;
  #lookProblem: string | null = null;
  readonly #work = new Map<string, Work>();
  readonly #jobs = new Set<Promise<void>>();
  readonly #offs = new RunningOffs();
  /** Applications that the daemon itself has switched, or began to, since the last look began. */
  #switched = new Set<string>();
  /** Those of them whose switch has achieved something since the last look began. */
  #assumed = new Set<string>();
  /** Sidecars whose work has ended, and that were not looked at since. */
  readonly #unseen = new Set<string>();
  readonly #mover: ReleaseMover;
  #wake = Promise.withResolvers<void>();
  #isStale = true;
  #saving: Promise<void> | null = null;
  #isUnsaved = false;

  constructor(ports: HostPorts) {
    this.#ports = ports;
    this.#memory = emptyMemory(ports.region);
    this.#mover = new ReleaseMover(ports, {
      triedOn: (sidecar) => this.#memory.releases[sidecar],
      note: (sidecar, tried) => this.#noteRelease(sidecar, tried),
      ended: (sidecar) => {
        this.#unseen.add(sidecar);
        this.#isStale = true;
        this.#wake.resolve();
      },
    });
    this.#status = new StatusWriter(ports, {
      self: () => identityOf(this.#ports, this.#memory),
      mayWrite: () => this.#isFollowing,
      wrote: (revision) => this.#noteOwn(revision),
    });
  }

  /** Runs until the signal aborts; then the lease is revoked, and everything on the host stays as it is. */
  async run(signal: AbortSignal): Promise<void> {
    const ports = this.#ports;
    const recalled = await ports.recall();
    if (recalled !== null && recalled.region === ports.region) this.#memory = recalled;
    this.#memory = { ...this.#memory, instance: recalled?.instance ?? ports.identity.instance };
    if (recalled?.instance === undefined) this.#save();
    const wake = () => this.#wake.resolve();
    signal.addEventListener('abort', wake, { once: true });
    ports.local.watch(() => {
      this.#isStale = true;
      wake();
    }, signal);
    const following = followStore(
      ports,
      {
        seen: (listing, own) => this.#see(listing, own),
        ownRevision: () => this.#memory.store?.own ?? null,
        isHeld: () => this.#memory.held !== null,
        lost: (why) => {
          this.#isFollowing = false;
          ports.warn(`the store of ${ports.region} is away: ${why}; this host goes on as it is`);
        },
      },
      signal,
    );
    // A bug in one of them ends the daemon: half of it would say that all is well.
    await Promise.all([following, this.#status.run(signal), this.#reconcileUntil(signal)]);
    await Promise.allSettled(this.#jobs);
    await this.#mover.settle();
    await this.#status.stop(this.#record());
    await this.#saving;
  }

  async #reconcileUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#reconcile();
      await this.#pause(signal);
    }
  }

  /** What the daemon says of the host at this moment. */
  get status(): HostStatus {
    return this.#statusNow();
  }

  /** Somebody on this host says that the store is the right one. Returns whether it was held. */
  confirm(): boolean {
    const { held } = this.#memory;
    if (held === null || this.#seen === null) return false;
    // Without a memory everything is believed.
    this.#memory = { ...this.#memory, store: null, held: null };
    this.#see(this.#seen);
    return true;
  }

  #see(listing: StoreListing, own?: OwnRevision): void {
    this.#isFollowing = true;
    const { clock, keys, warn, tell, region } = this.#ports;
    const wasHeld = this.#memory.held;
    this.#memory = seeStore(this.#memory, keys, listing, new Date(clock.now()).toISOString(), own);
    this.#present = listing.items;
    this.#seen = listing;
    const { held } = this.#memory;
    if (held !== null && wasHeld === null) {
      const counts = `${held.objects.before} objects before, ${held.objects.now} now`;
      warn(
        `the store of ${region} is held (${held.why}: ${counts}): \`weir fleet confirm --region ${region}\` if it is right`,
      );
    }
    if (held === null && wasHeld !== null) tell(`the store of ${region} is believed again`);
    // The red button waits neither for a look at the host nor for the disk.
    this.#switchAll(false);
    this.#save();
    this.#isStale = true;
    this.#wake.resolve();
  }

  /** The own record only ever grows: one that stands lower, or has not grown, is of another history. */
  #noteOwn(revision: string): void {
    const { store } = this.#memory;
    if (store === null || this.#memory.held !== null || !this.#ports.store.listsSingleKeys) return;
    this.#memory = { ...this.#memory, store: { ...store, own: revision } };
    this.#save();
  }

  /** One write at a time; what changes meanwhile is in the next one. */
  #save(): void {
    this.#isUnsaved = true;
    this.#saving ??= this.#writeMemory().finally(() => {
      this.#saving = null;
    });
  }

  async #writeMemory(): Promise<void> {
    const { remember, warn } = this.#ports;
    while (this.#isUnsaved) {
      this.#isUnsaved = false;
      await remember(this.#memory).catch((error: unknown) =>
        warn(
          `what this host knows of its fleet could not be written: ${messageOf(error)}; it goes on by what it has in memory`,
        ),
      );
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const expiry = nextExpiry(rulesOf(this.#memory, this.#ports.keys, this.#present).policies, clock.now());
    const untilExpiry = expiry === null ? LOOK_MS : Math.max(50, expiry - clock.now() + 20);
    const waiting = new AbortController();
    const slept = clock.sleep(Math.min(LOOK_MS, untilExpiry), waiting.signal).catch(() => undefined);
    await Promise.race([this.#wake.promise, slept]);
    waiting.abort();
    if (!signal.aborted) this.#wake = Promise.withResolvers();
  }

  async #reconcile(): Promise<void> {
    await this.#offs.goFirst(this.#ports.clock);
    this.#isStale = false;
    this.#switched = new Set([...this.#work].flatMap(([name, { isRunning }]) => (isRunning ? [name] : [])));
    this.#assumed = new Set();
    const ended = [...this.#unseen];
    try {
      this.#look = this.#withoutOwnSwitches(await this.#ports.local.look());
      for (const name of ended) this.#unseen.delete(name);
      this.#isLooked = true;
      this.#lookProblem = null;
    } catch (error) {
      this.#lookProblem = messageOf(error);
    }
    if (this.#lookProblem === null) {
      this.#switchAll(true);
      this.#goBack();
      if (this.#memory.held === null)
        this.#mover.move(rulesOf(this.#memory, this.#ports.keys, this.#present), this.#look.sidecars);
    }
    this.#publish();
    if (this.#isStale) this.#wake.resolve();
  }

  /**
   * The kernel has the daemon's own switch a moment before the state file says whose it is: such a look does not say who
   * decided, and the next one follows when the switch is done. What a switch achieved meanwhile is newer than the look.
   */
  #withoutOwnSwitches(look: LocalLook): LocalLook {
    const before = new Map(this.#look.apps.map((app) => [app.name, app]));
    const apps = look.apps.map((app) => {
      const known = this.#switched.has(app.name) ? before.get(app.name) : undefined;
      if (known === undefined || this.#assumed.has(app.name)) return known ?? app;
      return { ...app, override: known.override, reason: known.reason };
    });
    return { ...look, apps };
  }

  /**
   * Begins every switch that a decision wants and that is not under way. `isFresh`: the host was looked at just now. By an
   * older look nothing is switched on: somebody may have switched it off on this host since.
   */
  #switchAll(isFresh: boolean): void {
    const { clock } = this.#ports;
    for (const app of this.#look.apps) {
      const decision = this.#decide(app.name);
      const wanted = wantedOf(app, decision);
      const work = this.#work.get(app.name);
      if (work?.isRunning) continue;
      if (wanted === null || isAs(wanted.state, app)) {
        this.#work.delete(app.name);
        // What an older look shows may not be the state before the rule.
        if (isFresh) this.#noteEnd(app, decision);
        continue;
      }
      if (wanted.state === 'on' && (!isFresh || app.override !== null || this.#unreadSwitch(app.name) !== null))
        continue;
      const failed = work?.wanted === wanted.state ? work.failed : null;
      if (failed !== null && failed !== undefined && clock.monotonic() - failed.atMs < RETRY_MS) continue;
      this.#noteEnd(app, decision);
      this.#begin(app, wanted.state, wanted.by, wanted.reason);
    }
  }

  #begin(app: LocalApp, wanted: Decision['state'], by: string, why: string | null): void {
    const { local, tell, clock } = this.#ports;
    const work: Work = { wanted, isRunning: true, failed: null };
    this.#work.set(app.name, work);
    this.#switched.add(app.name);
    const reason = why === null ? by : `${by}: ${why}`;
    tell(`${app.name}: ${wanted === 'on' ? 'on' : 'off'} (${reason})`);
    const { promise: isDirect, resolve: wentDirect } = Promise.withResolvers<void>();
    const direct = () => {
      wentDirect();
      this.#assume(app.name, 'draining', reason);
      this.#publish();
    };
    const job = (wanted === 'on' ? local.on(app.name, reason) : local.off(app.name, reason, direct))
      .then(
        () => this.#assume(app.name, wanted === 'on' ? 'on' : 'off', wanted === 'on' ? null : reason),
        (error: unknown) => {
          work.failed = { reason: messageOf(error), atMs: clock.monotonic() };
          this.#ports.warn(`${app.name} could not be switched ${wanted === 'on' ? 'on' : 'off'}: ${messageOf(error)}`);
        },
      )
      .finally(() => {
        work.isRunning = false;
        this.#jobs.delete(job);
        this.#publish();
        this.#isStale = true;
        this.#wake.resolve();
      });
    this.#jobs.add(job);
    if (wanted !== 'on') this.#offs.add({ direct: Promise.race([isDirect, job]), done: job });
  }

  /** What a switch has just achieved counts until the next look. */
  #assume(name: string, state: string, reason: string | null): void {
    this.#assumed.add(name);
    const apps = this.#look.apps.map((app) =>
      app.name === name ? { ...app, state, reason, since: new Date(this.#ports.clock.now()).toISOString() } : app,
    );
    this.#look = { ...this.#look, apps };
  }

  #decide(app: string): Decision | null {
    const { keys, clock } = this.#ports;
    return decide(rulesOf(this.#memory, keys, this.#present).policies, app, this.#ports, clock.now());
  }

  /** The switch of an application, or the red button, that cannot be read: it may hold the application off. */
  #unreadSwitch(app: string): string | null {
    const { unreadSwitches } = rulesOf(this.#memory, this.#ports.keys, this.#present);
    const found = unreadSwitches.find((one) => one === app || one === '*');
    return found === undefined ? null : `MeshPolicy/switch-${found === '*' ? 'all' : found}`;
  }

  /** Remembers the state before a rule with an end, to go back to when nothing else speaks. */
  #noteEnd(app: LocalApp, decision: Decision | null): void {
    const known = this.#memory.before[app.name];
    if (decision === null) return;
    if (decision.until === null) {
      if (known === undefined) return;
      const { [app.name]: _gone, ...before } = this.#memory.before;
      this.#memory = { ...this.#memory, before };
    } else if (known?.until !== decision.until) {
      const state = known?.state ?? (app.state === 'on' ? 'on' : 'off');
      this.#memory = {
        ...this.#memory,
        before: { ...this.#memory.before, [app.name]: { state, until: decision.until } },
      };
    } else return;
    this.#save();
  }

  /** A rule has ended and nothing else speaks: back to the state before it. */
  #goBack(): void {
    for (const app of this.#look.apps) {
      const known = this.#memory.before[app.name];
      if (known === undefined || Date.parse(known.until) > this.#ports.clock.now()) continue;
      if (this.#decide(app.name) !== null || this.#work.get(app.name)?.isRunning) continue;
      if (known.state === 'on' && this.#unreadSwitch(app.name) !== null) continue;
      const { [app.name]: _gone, ...before } = this.#memory.before;
      this.#memory = { ...this.#memory, before };
      this.#save();
      if (app.override === null && !isAs(known.state, app)) this.#begin(app, known.state, 'its rule has ended', null);
    }
  }

  #noteRelease(sidecar: string, value: HostMemory['releases'][string] | null): void {
    const { [sidecar]: _before, ...others } = this.#memory.releases;
    this.#memory = { ...this.#memory, releases: value === null ? others : { ...others, [sidecar]: value } };
    this.#save();
  }

  #publish(): void {
    this.#status.publish(this.#record(), this.#statusNow());
  }

  /** Null before the first look: what the store knows of the host is kept. */
  #record(): HostRecord | null {
    if (!this.#isLooked) return null;
    return hostRecord(this.#ports, this.#look, this.#ports.clock.now());
  }

  #statusNow(): HostStatus {
    const { keys, clock } = this.#ports;
    return hostStatus(this.#ports, {
      ...{ look: this.#look, lookProblem: this.#lookProblem, memory: this.#memory, seen: this.#seen },
      nowMs: clock.now(),
      errors: rulesOf(this.#memory, keys, this.#present).errors,
      // What a release has brought is told when it was seen.
      busySidecars: this.#mover.busy.union(this.#unseen),
      decide: (app) => this.#decide(app),
      failureOf: (app) => this.#work.get(app)?.failed?.reason ?? null,
      unreadSwitch: (app) => this.#unreadSwitch(app),
    });
  }
}

/** What is to become of an application, and who says so: an annotation of its pod before every policy. */
function wantedOf(
  { override }: LocalApp,
  decision: Decision | null,
): { readonly state: Decision['state']; readonly by: string; readonly reason: string | null } | null {
  if (override?.by === 'annotation') return { state: 'off', by: override.reason ?? override.by, reason: null };
  if (decision === null) return null;
  return { state: decision.state, by: `MeshPolicy/${decision.policy}`, reason: decision.reason };
}

/** Whether an application is as wanted: `denied` means off. */
function isAs(wanted: Decision['state'], { state }: LocalApp): boolean {
  if (wanted === 'on') return state === 'on' || state === 'unconfirmed' || state === 'bypassed' || state === 'denied';
  return state === 'off' || state === 'draining';
}
