/** The process of one supervisor or of several: what it is, and its replacement by another weir. */
import { reasonOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { ReplaceAsked, SupervisorFacts } from '../records/handoff-records.ts';

/** One supervised sidecar of the process. */
export interface Seat {
  readonly name: string;
  /** Whether the other weir has to adopt it. */
  readonly isUp: boolean;
  /** The state that keeps it from being given up now; null: it is idle. */
  busy(): string | null;
  /** Gives up its supervision at once; the Envoys go on. Resolves when everything that was decided has been done. */
  close(): Promise<void>;
}

/** The surroundings of the process. */
export interface ProcessPorts {
  facts(): Omit<SupervisorFacts, 'sidecars'>;
  /** Why this process can never be replaced; null: it can. */
  readonly obstacle: string | null;
  /** Has another weir do all of a start but the start itself. Throws its refusal. */
  trial(command: readonly string[]): Promise<void>;
}

/** The request by which this process is replaced, and the sidecars that the other weir has to adopt. */
export interface Replacement {
  readonly asked: ReplaceAsked;
  readonly sidecars: string[];
}

/** Knows the sidecars of this process, and lets them go all at once. */
export class SupervisorProcess {
  readonly #ports: ProcessPorts;
  readonly #seats = new Set<Seat>();
  readonly #replaced = Promise.withResolvers<Replacement>();
  #isReplacing = false;
  #isLetGo = false;

  constructor(ports: ProcessPorts) {
    this.#ports = ports;
  }

  /** Resolves to the request once every sidecar has been let go: this process must become the other weir now. */
  get replaced(): Promise<Replacement> {
    return this.#replaced.promise;
  }

  /** Whether every sidecar has been let go. */
  get isReplaced(): boolean {
    return this.#isLetGo;
  }

  /** Takes a sidecar in until the returned function is called. */
  join(seat: Seat): () => void {
    this.#seats.add(seat);
    return () => void this.#seats.delete(seat);
  }

  facts(): SupervisorFacts {
    return { ...this.#ports.facts(), sidecars: [...this.#seats].map(({ name }) => name).sort() };
  }

  /**
   * Has the other weir try its start, then lets every sidecar go. Throws WEIR4018 when the other weir cannot take over, WEIR4005
   * while a sidecar is busy: nothing was changed then.
   */
  async replace(asked: ReplaceAsked): Promise<SupervisorFacts> {
    const { obstacle } = this.#ports;
    if (obstacle !== null) throw refused(obstacle, 'nothing was changed');
    if (this.#isReplacing) throw refused('another handoff is under way', 'wait for its end');
    this.#isReplacing = true;
    try {
      this.#requireIdle();
      await this.#ports.trial(asked.program).catch((error: unknown) => {
        throw refused(`the other weir cannot take over: ${reasonOf(error)}`, 'mend that; this weir goes on as before');
      });
      this.#requireIdle();
    } catch (error) {
      this.#isReplacing = false;
      throw error;
    }
    const facts = this.facts();
    const sidecars = [...this.#seats].filter(({ isUp }) => isUp).map(({ name }) => name);
    // Every `close` takes effect before the first one is waited for, so nothing begins in between.
    await Promise.all([...this.#seats].map((seat) => seat.close()));
    this.#isLetGo = true;
    this.#replaced.resolve({ asked, sidecars });
    return facts;
  }

  #requireIdle(): void {
    for (const { name, busy } of this.#seats) {
      const state = busy();
      if (state === null) continue;
      throw new WeirError('WEIR4005', {
        what: `${name} is busy: ${state.toUpperCase()}`,
        why: 'one change at a time: the supervisor cannot be replaced in the middle of it',
        hint: `wait, or see \`weir sidecar status ${name}\``,
        details: { state: state.toUpperCase(), secondsLeft: null },
      });
    }
  }
}

function refused(why: string, hint: string): WeirError {
  return new WeirError('WEIR4018', { what: 'the supervisor was not replaced', why, hint });
}
