/** The base class of the commands of `weir discovery`. */
import type { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { WeirCommand } from '../../cli/base-command.ts';
import { readMeshConfig } from '../../mesh/compose.ts';
import { discoveryClock, registryReader } from '../compose.ts';
import { type DiscoveryMesh, requireDiscovery } from '../usecases/discovery-mesh.ts';

/** `--stage`: a control plane of `weir discovery serve` instead of the agent. */
export const stageFlag = Flags.option({
  options: ['agent', 'pod', 'central'] as const,
  default: 'agent' as const,
  summary: 'Ask the agent of this host, or what `weir discovery serve --stage` runs here.',
})();

/** Base of the commands that read the registries of mesh.yaml. */
export abstract class DiscoveryCommand<T extends typeof Command, Result> extends WeirCommand<T, Result> {
  /** Registries as this host reaches them. */
  protected readonly registries = registryReader;
  protected readonly clock = discoveryClock;

  /**
   * What discovery needs of mesh.yaml.
   * @throws WeirError exit 2 for a mistake in the file, and where it names no registry
   */
  protected async mesh(): Promise<DiscoveryMesh> {
    return requireDiscovery(await readMeshConfig((this.flags as { config: string }).config));
  }
}
