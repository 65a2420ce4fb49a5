import type { ExitCode } from '../errors/exit-codes.ts';
import { WeirError } from '../errors/weir-error.ts';

/** How SIGINT and SIGTERM reach one running command. */
export interface Interruption {
  /**
   * Aborts at the first SIGINT or SIGTERM; its reason is a WeirError WEIR2005. Whoever reads this property takes over:
   * the command then decides how it ends. If nobody has read it, `forced` ends the command.
   */
  readonly signal: AbortSignal;
  /** The WEIR2005 error of the first signal; undefined before it came. Reading it takes nothing over. */
  readonly reason: unknown;
  /** Rejects with the WEIR2005 error when nobody listens to `signal`, or at the second SIGINT or SIGTERM. Never resolves. */
  readonly forced: Promise<never>;
  /** Gives the signals back to Node's default behaviour. */
  dispose(): void;
}

/** Starts to listen for SIGINT and SIGTERM. Exit codes are the shell's convention: 128 + the signal's number. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  let isHandled = false;
  let force: (error: WeirError) => void;
  const forced = new Promise<never>((_resolve, reject) => {
    force = reject;
  });
  // A command that ended in time never awaits `forced`: its rejection must not count as unhandled.
  forced.catch(() => {});
  const onSignal = (name: NodeJS.Signals) => {
    const error = interrupted(name, controller.signal.aborted);
    if (!isHandled || controller.signal.aborted) force(error);
    controller.abort(error);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
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
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
}

function interrupted(name: NodeJS.Signals, again: boolean): WeirError {
  const exit: ExitCode = name === 'SIGTERM' ? 143 : 130;
  return new WeirError('WEIR2005', {
    what: again ? `ended by a second signal (${name})` : `interrupted by ${name}`,
    why: name === 'SIGINT' ? 'Ctrl-C or another SIGINT ended the command' : 'another program asked the command to end',
    hint: again ? 'its clean-up was cut short: look with `weir status`' : 'run it again when you want it done',
    exit,
  });
}
