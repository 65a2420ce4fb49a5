/** Several sidecars under one supervisor process: each starts, fails and stops by itself. */
import { reasonOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { SupervisedSidecar } from '../usecases/supervised-sidecar.ts';
import { SignalRelay } from './signal-relay.ts';

/** Pauses between two starts of a sidecar that cannot be started, in ms. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [1000, 60_000] as const;

/** The start of a sidecar that failed. */
export interface FailedStart {
  readonly error: Error;
  /** Failed starts in a row. */
  readonly tries: number;
  /** The time until the next one, in ms. */
  readonly retryMs: number;
  /** The signals of its next supervisor. */
  readonly signals: SignalRelay;
}

/** A news of one sidecar that no supervisor of its own tells. */
export type GroupNews =
  /** Another process supervises it: it is left to that one until the next reload. */
  | { readonly news: 'refused'; readonly error: Error }
  | { readonly news: 'failed'; readonly failure: FailedStart }
  | { readonly news: 'ended' }
  /** mesh.yaml names it no more. */
  | { readonly news: 'removed' };

/** The surroundings of a group. */
export interface GroupPorts {
  readonly clock: Clock;
  /** The sidecars of the group by mesh.yaml as it is now. Throws the errors of the file. */
  read(): Promise<readonly SupervisedSidecar[]>;
  /** Supervises one until it is stopped; calls `up` once it serves or is adopted. Rejects when it cannot be started. */
  supervise(sidecar: SupervisedSidecar, signals: SignalRelay, up: () => void): Promise<unknown>;
  /** Answers in the place of a supervisor until the returned function is called; `stop` when somebody asks for that. */
  standIn(sidecar: SupervisedSidecar, failure: FailedStart, stop: () => void): Promise<() => Promise<void>>;
  tell(name: string, news: GroupNews): void;
  warn(text: string): void;
}

/** The sidecars of one process. */
export class SidecarGroup {
  readonly #ports: GroupPorts;
  readonly #members = new Map<string, Member>();
  #isStopping = false;
  #reading: Promise<void> | null = null;
  #readAgain = false;

  constructor(ports: GroupPorts) {
    this.#ports = ports;
  }

  /**
   * Supervises until every sidecar has ended. Throws the first error when none of them could be started at all: nothing
   * is supervised then.
   */
  async run(sidecars: readonly SupervisedSidecar[]): Promise<void> {
    for (const sidecar of sidecars) this.#begin(sidecar);
    const starts = await Promise.all([...this.#members.values()].map(({ start }) => start));
    const errors = starts.filter((error) => error !== null);
    const [first] = errors;
    if (first !== undefined && errors.length === starts.length && !this.#isStopping) {
      this.stop();
      await this.#ended();
      throw first;
    }
    await this.#ended();
  }

  /** Begins what mesh.yaml has more, stops what it has no more, and upgrades the rest to what it says. */
  reload(): Promise<void> {
    this.#readAgain = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** Every sidecar reopens its logs. */
  reopen(): void {
    for (const { signals } of this.#members.values()) signals.reopen();
  }

  /** Begins nothing more: the supervisors have let their sidecars go, and this process becomes another weir. */
  leave(): void {
    this.#isStopping = true;
    for (const member of this.#members.values()) member.leave();
  }

  /** Drains and stops all. */
  stop(): void {
    this.#isStopping = true;
    for (const member of this.#members.values()) member.stop();
  }

  async #read(): Promise<void> {
    while (this.#readAgain && !this.#isStopping) {
      this.#readAgain = false;
      try {
        this.#follow(await this.#ports.read());
      } catch (error) {
        this.#ports.warn(`nothing was changed by the reload: ${reasonOf(error)}`);
      }
    }
  }

  #begin(sidecar: SupervisedSidecar): void {
    if (this.#isStopping) return;
    this.#members.set(sidecar.spec.name, new Member(this.#ports, sidecar));
  }

  #follow(wanted: readonly SupervisedSidecar[]): void {
    if (this.#isStopping) return;
    const names = new Set(wanted.map(({ spec }) => spec.name));
    for (const [name, member] of this.#members) {
      if (names.has(name) || member.isEnded) continue;
      this.#ports.tell(name, { news: 'removed' });
      member.stop();
    }
    for (const sidecar of wanted) {
      const member = this.#members.get(sidecar.spec.name);
      if (member === undefined || member.isEnded) this.#begin(sidecar);
      else if (member.isToldToStop) void member.end.then(() => this.reload());
      else member.follow(sidecar);
    }
  }

  // A reload during the wait may have begun more.
  async #ended(): Promise<void> {
    for (;;) {
      await Promise.all([...this.#members.values()].map(({ end }) => end));
      await this.#reading;
      if (![...this.#members.values()].every(({ isEnded }) => isEnded)) continue;
      // A reload from now on would begin what nobody waits for.
      this.#isStopping = true;
      return;
    }
  }
}

/** One sidecar of a group from its first start to its end. */
class Member {
  readonly signals = new SignalRelay();
  /** Resolves after the first try: null when it is up or was stopped, else why not. */
  readonly start: Promise<Error | null>;
  readonly end: Promise<void>;
  readonly #ports: GroupPorts;
  readonly #started = Promise.withResolvers<Error | null>();
  #sidecar: SupervisedSidecar;
  #isEnded = false;
  #isLeaving = false;
  #wake: () => void = () => {};
  #tries = 0;

  constructor(ports: GroupPorts, sidecar: SupervisedSidecar) {
    this.#ports = ports;
    this.#sidecar = sidecar;
    this.start = this.#started.promise;
    this.end = this.#keep().finally(() => {
      this.#isEnded = true;
      this.#started.resolve(null);
    });
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get isToldToStop(): boolean {
    return this.signals.isToldToStop;
  }

  stop(): void {
    this.signals.stop();
    this.#wake();
  }

  /** No further try. */
  leave(): void {
    this.#isLeaving = true;
    this.#wake();
  }

  /** mesh.yaml was read anew: an upgrade, or another start of one that could not be started. */
  follow(sidecar: SupervisedSidecar): void {
    this.#sidecar = sidecar;
    this.signals.upgrade();
    this.#wake();
  }

  async #keep(): Promise<void> {
    const { name } = this.#sidecar.spec;
    while (!this.isToldToStop && !this.#isLeaving) {
      const error = await this.#supervise();
      if (error === null) break;
      this.#started.resolve(error);
      if (error instanceof WeirError && error.code === 'WEIR4001') {
        this.#ports.tell(name, { news: 'refused', error });
        return;
      }
      this.#tries += 1;
      const retryMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#tries - 1));
      const failure = { error, tries: this.#tries, retryMs, signals: this.signals };
      this.#ports.tell(name, { news: 'failed', failure });
      await this.#pause(failure);
    }
    this.#ports.tell(name, { news: 'ended' });
  }

  /** Resolves to null when it was stopped, else to why it could not be started. */
  async #supervise(): Promise<Error | null> {
    const up = () => {
      this.#tries = 0;
      this.#started.resolve(null);
    };
    try {
      await this.#ports.supervise(this.#sidecar, this.signals, up);
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Ends early by a stop or a reload. Meanwhile somebody answers for the sidecar. */
  async #pause(failure: FailedStart): Promise<void> {
    const { clock } = this.#ports;
    const woken = Promise.withResolvers<void>();
    const over = new AbortController();
    this.#wake = woken.resolve;
    if (this.isToldToStop || this.#isLeaving) return;
    const leave = await this.#ports
      .standIn(this.#sidecar, failure, () => this.stop())
      .catch((error: unknown) => {
        this.#ports.warn(`${this.#sidecar.spec.name} answers no request: ${reasonOf(error)}`);
        return async () => {};
      });
    await Promise.race([woken.promise, clock.sleep(failure.retryMs, over.signal).catch(() => {})]);
    over.abort();
    await leave();
  }
}
