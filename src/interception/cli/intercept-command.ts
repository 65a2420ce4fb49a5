/** The base class and common flags of interception commands. */
import type { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { WeirCommand } from '../../cli/base-command.ts';
import { durationFlag, netnsFlag } from '../../cli/flags.ts';
import { messageOf } from '../../errors/message-of.ts';
import type { ResolvedMeshConfig } from '../../mesh/mesh-config.ts';
import type { InterceptHost } from '../host.ts';
import type { SwitchEvent } from '../switch-result.ts';
import { switchEventLine } from './switch-text.ts';

/** The back ends as a flag takes them. */
export const BACKENDS = ['auto', 'nft', 'iptables-nft', 'iptables-legacy'] as const;

/** `--existing` and `--drain`, the same for every command that switches something off. */
export const existingFlags = {
  existing: Flags.option({
    options: ['drain', 'keep', 'cut'] as const,
    default: 'drain' as const,
    summary: 'What becomes of connections that are proxied: drain to a deadline, keep until they end, or cut now.',
  })(),
  drain: durationFlag({
    default: 15_000,
    defaultHelp: async () => '15s',
    summary: 'How long to drain before the rest is cut.',
  }),
};

/** Base of the commands that work on the traffic of a network namespace. */
export abstract class InterceptCommand<T extends typeof Command, Result> extends WeirCommand<T, Result> {
  static override baseFlags = { ...WeirCommand.baseFlags, netns: netnsFlag() };

  /** The host adapters, wired for the directories and namespace of this command line. */
  protected async host(): Promise<InterceptHost> {
    const flags = this.flags as { 'run-dir': string; 'state-dir': string; netns?: string };
    const { openInterceptHost } = await import('../compose.ts');
    return openInterceptHost({
      runDir: flags['run-dir'],
      stateDir: flags['state-dir'],
      netns: flags.netns ?? '',
      warn: (text) => this.warn(text),
    });
  }

  /**
   * mesh.yaml with every account resolved.
   * @throws WeirError exit 2 with the place of the first problem
   */
  protected async meshConfig(): Promise<ResolvedMeshConfig> {
    const { loadMeshConfigOnce } = await import('../../mesh/compose.ts');
    const { config, 'state-dir': stateDir } = this.flags as { config: string; 'state-dir': string };
    return loadMeshConfigOnce(config, { stateDir });
  }

  /** The same for commands that must work when mesh.yaml is broken or gone: null and a warning then. */
  protected async meshConfigIfGood(): Promise<ResolvedMeshConfig | null> {
    try {
      return await this.meshConfig();
    } catch (error) {
      this.warn(`going on without mesh.yaml: ${messageOf(error)}`);
      return null;
    }
  }

  /** Tells a watching human what a switch is doing. */
  protected readonly report = (event: SwitchEvent): void => {
    const line = switchEventLine(event);
    if (line !== null) this.progress(line);
  };
}
