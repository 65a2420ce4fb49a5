/** The base class and common flags of the commands that work on the fleet. */
import type { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { WeirCommand } from '../../cli/base-command.ts';
import type { FleetPorts } from '../usecases/fleet.ts';

/** `--fleet-config`, also for commands of a host. */
export const fleetConfigFlag = Flags.string({
  default: '/etc/weir/fleet.yaml',
  env: 'WEIR_FLEET_CONFIG',
  helpGroup: 'GLOBAL',
  helpValue: 'FILE',
  summary: 'The fleet.yaml to read.',
});

/** `--reason`, for the history. */
export const reasonFlag = Flags.string({ helpValue: 'TEXT', summary: 'Why, for the history and for hosts.' });

/** Base of `weir fleet ...`. */
export abstract class FleetCommand<T extends typeof Command, Result> extends WeirCommand<T, Result> {
  static override baseFlags = {
    ...WeirCommand.baseFlags,
    'fleet-config': fleetConfigFlag,
    region: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'REGION',
      summary: 'Only this region; may be repeated.',
    }),
  };

  /** The stores of the regions. Throws WEIR1601, WEIR1602. */
  protected async fleet(): Promise<FleetPorts> {
    const { openFleet } = await import('../compose.ts');
    return openFleet((this.flags as { 'fleet-config': string })['fleet-config'], (text) => void this.warn(text));
  }

  /** The regions that were named; undefined: all. */
  protected get regions(): readonly string[] | undefined {
    return (this.flags as { region?: string[] }).region;
  }
}
