/** The shape of weir's long-lived programs: a pure machine, actions that carry its decisions out, and a clock passed in. */
import type { Clock } from '../clock.ts';

/** The result of one event: the machine after it, and the actions to carry out, in order. */
export interface AgentStep<Machine, Action> {
  readonly machine: Machine;
  readonly actions: readonly Action[];
}

/** The parts of an agent. `step` and `wakeAtMs` are pure; times are milliseconds of `Clock.monotonic`. */
export interface AgentParts<Machine, Event, Action> {
  readonly clock: Clock;
  readonly machine: Machine;
  step(machine: Machine, event: Event, nowMs: number): AgentStep<Machine, Action>;
  /** When the machine wants `tick`; null: only events move it. */
  wakeAtMs(machine: Machine): number | null;
  readonly tick: Event;
  /**
   * Carries one action out. The next action waits for it. Long work is started here and reports its end as an event.
   */
  perform(action: Action): Promise<void> | void;
  /** An action threw. The ones after it are carried out all the same: the machine's deadlines deal with the rest. */
  failed(action: Action, error: unknown): void;
  /** Called after each step, before the first of its actions. */
  stepped(after: AgentStep<Machine, Action>, before: Machine): void;
}

/** A machine at work. */
export interface Agent<Machine, Event, Action> {
  readonly machine: Machine;
  readonly isClosed: boolean;
  /** Gives the machine an event. Its actions follow those of the events before it. */
  dispatch(event: Event): void;
  /** Goes on from a step that was decided from facts instead of an event, as after the death of an agent. */
  resume(step: AgentStep<Machine, Action>): void;
  /** Resolves when every action so far has been carried out. */
  carriedOut(): Promise<void>;
  /** Ends the agent: later events do nothing. What was decided before is still carried out. */
  close(): void;
}

/** Nobody reads it; without a reason, an abort makes an error with a stack, at each event. */
const REARMED = 'another time';

/** Starts an agent. It does nothing by itself until its first event. */
export function startAgent<Machine, Event, Action>(
  parts: AgentParts<Machine, Event, Action>,
): Agent<Machine, Event, Action> {
  let { machine } = parts;
  let isClosed = false;
  let queue: Promise<void> = Promise.resolve();
  let timer = new AbortController();
  let armedAt: number | null = null;

  async function carryOut(action: Action): Promise<void> {
    try {
      await parts.perform(action);
    } catch (error) {
      parts.failed(action, error);
    }
  }

  function armTimer(): void {
    const at = isClosed ? null : parts.wakeAtMs(machine);
    // Most events leave the time as it is.
    if (at === armedAt) return;
    timer.abort(REARMED);
    timer = new AbortController();
    armedAt = at;
    if (at === null) return;
    const wake = parts.clock.sleep(Math.max(0, at - parts.clock.monotonic()), timer.signal);
    wake.then(
      () => {
        armedAt = null;
        agent.dispatch(parts.tick);
      },
      () => {},
    );
  }

  const agent: Agent<Machine, Event, Action> = {
    get machine() {
      return machine;
    },
    get isClosed() {
      return isClosed;
    },
    dispatch(event) {
      if (!isClosed) agent.resume(parts.step(machine, event, parts.clock.monotonic()));
    },
    resume(step) {
      const before = machine;
      machine = step.machine;
      for (const action of step.actions) queue = queue.then(() => carryOut(action));
      parts.stepped(step, before);
      armTimer();
    },
    carriedOut: () => queue,
    close() {
      isClosed = true;
      timer.abort();
    },
  };
  return agent;
}
