import type { ExitCode } from '../errors/exit-codes.ts';
import { WeirError } from '../errors/weir-error.ts';

/** How SIGINT, SIGTERM and SIGHUP reach one running command. */
export interface Interruption {
  /**
   * Aborts at the first signal; its reason is a WeirError WEIR2005. Whoever reads this property takes over: the command
   * then decides how it ends. If nobody has read it, `forced` ends the command.
   */
  readonly signal: AbortSignal;
  /** The WEIR2005 error of the first signal; undefined before it came. Reading it takes nothing over. */
  readonly reason: unknown;
  /** Rejects with the WEIR2005 error when nobody listens to `signal`, or at the second signal. Never resolves. */
  readonly forced: Promise<never>;
  /** Gives the signals back to Node's default behaviour. */
  dispose(): void;
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
  const onSignal = (name: NodeJS.Signals) => {
    const again = controller.signal.aborted;
    const error = interrupted(name as EndingSignal, again);
    if (!isHandled || again) force(error);
    controller.abort(error);
  };
  for (const name of names) process.on(name, onSignal);
  return {
    get signal() {
      isHandled = true;
      return controller.signal;
    },
    get reason() {
      return controller.signal.reason;
    },
    forced,
    dispose() {
      for (const name of names) process.off(name, onSignal);
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
