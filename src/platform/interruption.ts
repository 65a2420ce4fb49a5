/** SIGINT, SIGTERM and SIGHUP as an abort signal and an exit code. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ExitCode } from '../errors/exit-codes.ts';
import { WeirError } from '../errors/weir-error.ts';

/** The path of SIGINT, SIGTERM and SIGHUP to one running command. */
export interface Interruption {
  /**
   * Aborts at the first signal with the reason WEIR2005. A reader of this property takes over: the command then decides
   * how it ends. Without a reader, `forced` ends the command.
   */
  readonly signal: AbortSignal;
  /** The WEIR2005 error of the first signal; undefined before it came. Reading it takes nothing over. */
  readonly reason: unknown;
  /** Rejects with the WEIR2005 error when nobody listens to `signal`, or at the second signal. Never resolves. */
  readonly forced: Promise<never>;
  /**
   * Leaves the signals to the system, which ends the process at once. For a command that computes long between its waits:
   * no handler runs in a loop that does not wait. During `heard` the signals are handled again.
   */
  leaveToSystem(): void;
  /** Waits for `work` with the signals handled. Rejects with the WEIR2005 error when one came, however `work` ended. */
  heard<T>(work: () => Promise<T>): Promise<T>;
  /** Gives the signals back to Node's default behaviour. */
  dispose(): void;
  /** After `dispose`: lets the first signal that came end the process as the system does. Without one nothing happens. */
  repeat(): void;
}

const EXITS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const satisfies Record<string, ExitCode>;

/** A signal that asks a command to end. */
export type EndingSignal = keyof typeof EXITS;

/** Starts to listen for `names`. Exit codes are the shell's convention: 128 + the signal's number. */
export function listenForInterruption(names: readonly EndingSignal[]): Interruption {
  const controller = new AbortController();
  const { promise: forced, reject: force } = Promise.withResolvers<never>();
  // A command that ended in time never awaits `forced`: its rejection must not count as unhandled.
  forced.catch(() => {});
  let isHandled = false;
  let isLeftToSystem = false;
  let waits = 0;
  let isListening = false;
  let first: NodeJS.Signals | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    first ??= name;
    const again = controller.signal.aborted;
    const error = interrupted(name as EndingSignal, again);
    if (!isHandled || again) force(error);
    controller.abort(error);
  };
  const listen = (wanted: boolean): void => {
    if (wanted === isListening) return;
    for (const name of names) {
      if (wanted) process.on(name, onSignal);
      else process.off(name, onSignal);
    }
    isListening = wanted;
  };
  listen(true);
  return {
    get signal() {
      isHandled = true;
      return controller.signal;
    },
    get reason() {
      return controller.signal.reason;
    },
    forced,
    leaveToSystem() {
      isLeftToSystem = true;
      listen(waits > 0);
    },
    async heard(work) {
      waits += 1;
      listen(true);
      try {
        const [outcome] = await Promise.allSettled([work()]);
        // Node reads signals once a turn: one that came with the end of the work is read in this turn.
        if (isLeftToSystem) await nextTurn();
        controller.signal.throwIfAborted();
        if (outcome.status === 'rejected') throw outcome.reason;
        return outcome.value;
      } finally {
        waits -= 1;
        if (isLeftToSystem) listen(waits > 0);
      }
    },
    dispose() {
      listen(false);
    },
    repeat() {
      if (first !== undefined) process.kill(process.pid, first);
    },
  };
}

function interrupted(name: EndingSignal, again: boolean): WeirError {
  const senders = {
    SIGHUP: 'its terminal or its connection went away',
    SIGINT: 'Ctrl-C or another SIGINT asked the command to end',
    SIGTERM: 'another program asked the command to end',
  };
  return new WeirError('WEIR2005', {
    what: again ? `ended by a second signal (${name})` : `interrupted by ${name}`,
    why: senders[name],
    hint: again ? 'its clean-up was cut short: look with `weir status`' : 'run it again when you want it done',
    exit: EXITS[name],
  });
}
