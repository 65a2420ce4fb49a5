/** `weir off` without the command framework: the same use case, the same words, the same exit codes. */
import { CommandOutput } from '../../cli/command-output.ts';
import { toWeirError } from '../../cli/to-weir-error.ts';
import { messageOf } from '../../errors/message-of.ts';
import { watchForCrash } from '../../platform/crash-watch.ts';
import { listenForInterruption } from '../../platform/interruption.ts';
import { openSwitchHost } from '../compose-off.ts';
import type { FirstSwitch } from '../first-switch.ts';
import type { BegunFlows } from '../flow-tally.ts';
import type { SeenState } from '../stored-state.ts';
import { type SwitchedOff, switchOff } from '../switch-off.ts';
import type { OffLine } from './off-line.ts';
import { directLine, switchEventLine, switchedOffText } from './switch-text.ts';

/** The run of one command. */
export interface OffRun {
  readonly argv: readonly string[];
  readonly version: string;
  /** The state file from before it. */
  readonly seen: SeenState;
  /** The switch that is under way. */
  readonly first: Promise<FirstSwitch | null>;
  /** The connections from before it. */
  readonly begun: Promise<BegunFlows | null>;
}

/** Carries a line out and resolves to the exit code; never throws. */
export async function carryOutOff(line: OffLine, { argv, version, ...run }: OffRun): Promise<number> {
  const output = CommandOutput.fromArgv(argv);
  const interruption = listenForInterruption(['SIGINT', 'SIGTERM', 'SIGHUP']);
  const crash = watchForCrash();
  try {
    const off = runOff(line, output, interruption.signal, run);
    const { result, warnings, isWhole } = await Promise.race([off, interruption.forced, crash.crashed]);
    for (const warning of warnings) output.warn(warning);
    const exit = isWhole ? 0 : 1;
    output.result({ result, text: (paint) => switchedOffText(result, paint) });
    return exit;
  } catch (thrown) {
    const error = toWeirError(thrown, { argv, weirVersion: version });
    output.failure(error);
    return error.exit;
  } finally {
    crash.dispose();
    interruption.dispose();
    output.dispose();
  }
}

async function runOff(
  line: OffLine,
  output: CommandOutput,
  signal: AbortSignal,
  { seen, first, begun }: Omit<OffRun, 'argv' | 'version'>,
): Promise<SwitchedOff> {
  const { runDir, stateDir, netns, apps, existing, drainMs, reason } = line;
  const host = openSwitchHost({ runDir, stateDir, netns, seen, warn: (text) => output.warn(text) });
  return switchOff(host, {
    readConfig: async () => {
      const { loadMeshConfigOnce } = await import('../../mesh/compose.ts');
      return loadMeshConfigOnce(line.config, { stateDir }).catch((error: unknown) => {
        output.warn(`going on without mesh.yaml: ${messageOf(error)}`);
        return null;
      });
    },
    apps,
    existing,
    drainMs,
    reason,
    first,
    begun,
    signal,
    report: (event) => {
      if (event.step === 'direct') output.announce(directLine(event.apps, event.ms));
      else {
        const text = switchEventLine(event);
        if (text !== null) output.progress(text);
      }
    },
  });
}
