import type { Command } from '@oclif/core/command';
import { WeirCommand } from './base-command.ts';
import { netnsFlag } from './flags.ts';

/**
 * Base of the commands about a running sidecar. The supervisor and its Envoys live in the namespace of `--netns`; its
 * control socket is a file, so that the other commands find it with and without the flag.
 */
export abstract class SidecarCommand<T extends typeof Command, Result> extends WeirCommand<T, Result> {
  static override baseFlags = { ...WeirCommand.baseFlags, netns: netnsFlag() };

  /** The `--netns` value, '' without one. */
  protected get netns(): string {
    return (this.flags as { netns?: string }).netns ?? '';
  }
}
