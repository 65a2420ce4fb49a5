/** The base class of the commands of `weir sidecar`. */
import type { Command } from '@oclif/core/command';
import { WeirCommand } from '../../cli/base-command.ts';
import { netnsFlag } from '../../cli/flags.ts';
import { openSidecarPorts } from '../compose.ts';
import type { SidecarPorts } from '../usecases/ports.ts';

/**
 * Base of the commands about sidecars. The supervisor and its Envoys live in the namespace of `--netns`; its
 * control socket is a file, so that the other commands find it with and without the flag.
 */
export abstract class SidecarCommand<T extends typeof Command, Result> extends WeirCommand<T, Result> {
  static override baseFlags = { ...WeirCommand.baseFlags, netns: netnsFlag() };

  /** The `--netns` value, '' without one. */
  protected get netns(): string {
    return (this.flags as { netns?: string }).netns ?? '';
  }

  /** The ports of the use cases, for the files that the global flags name. */
  protected get ports(): SidecarPorts {
    return sidecarPortsOf(this.flags as GlobalFlags, (text) => this.progress(text));
  }
}

interface GlobalFlags {
  readonly config: string;
  readonly 'run-dir': string;
  readonly 'state-dir': string;
}

/** The same by the flags alone. */
export function sidecarPortsOf(
  { config, 'run-dir': runDir, 'state-dir': stateDir }: GlobalFlags,
  say?: (text: string) => void,
): SidecarPorts {
  return openSidecarPorts({ config, runDir, stateDir }, say);
}
