/** How much of the processor the daemon asks for: all of its share to switch off, less to tidy up after that. */
import { getPriority, setPriority } from 'node:os';

/** The share of this process, and of the programs that it starts from then on. */
export interface ProcessorShare {
  /** Asks for the usual share. */
  take(): void;
  /** Gives way to everything that has the usual share. */
  giveWay(): void;
}

/** Steps of nice(2): about a tenth of the time where somebody else wants it, all of it where nobody does. */
const WAY = 10;

/** The share of this process. One that may not ask for its share again (no CAP_SYS_NICE) keeps it. */
export function processorShare(): ProcessorShare {
  const usual = getPriority();
  const isFree = mayRise(usual);
  const set = (priority: number) => {
    if (isFree) setPriority(priority);
  };
  return { take: () => set(usual), giveWay: () => set(Math.min(19, usual + WAY)) };
}

function mayRise(usual: number): boolean {
  try {
    setPriority(Math.max(-20, usual - 1));
    setPriority(usual);
    return true;
  } catch {
    return false;
  }
}
