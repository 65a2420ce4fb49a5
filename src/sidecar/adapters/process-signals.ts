/** The signals of this process, for the supervisor of its one sidecar. */
import type { SupervisorPorts } from '../supervisor-ports.ts';

/** SIGHUP upgrades, SIGUSR1 reopens the logs; `end` aborts when the process must end. */
export function processSignals(end: AbortSignal): Pick<SupervisorPorts, 'isToldToStop' | 'onSignals'> {
  return {
    isToldToStop: () => end.aborted,
    onSignals({ upgrade, reopen, stop }) {
      process.on('SIGHUP', upgrade).on('SIGUSR1', reopen);
      end.addEventListener('abort', stop);
      return () => {
        process.off('SIGHUP', upgrade).off('SIGUSR1', reopen);
        end.removeEventListener('abort', stop);
      };
    },
  };
}
