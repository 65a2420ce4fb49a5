/** The base class of `weir fleet on` and `off`. */
import * as Args from '@oclif/core/args';
import type { Command } from '@oclif/core/command';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { type FleetSwitched, switchFleet } from '../usecases/switch-apps.ts';
import { FleetCommand } from './fleet-command.ts';
import { type FleetSwitchFlags, fleetSwitchFlags, switchRequest } from './switch-flags.ts';
import { switchedText } from './switched-text.ts';

/** The words of both; oclif reads arguments and `strict` of the command's own class only. */
export const fleetSwitchArgs = { app: Args.string({ description: 'Applications that hosts report.' }) };

/** A command that writes the switch of applications; only the action and the words about it differ. */
export abstract class FleetSwitchCommand<T extends typeof Command> extends FleetCommand<T, FleetSwitched> {
  static override flags = fleetSwitchFlags;

  protected abstract readonly action: 'on' | 'off';

  protected override async execute(): Promise<CommandOutcome<FleetSwitched>> {
    const fleet = await this.fleet();
    const request = switchRequest(this.action, this.words, this.flags as FleetSwitchFlags, fleet.now());
    const { result, isWhole, warnings } = await switchFleet(fleet, {
      ...request,
      regions: this.regions,
      signal: this.signal,
    });
    for (const warning of warnings) this.warn(warning);
    return { result, exit: isWhole ? 0 : 1, text: (paint) => switchedText(result, paint) };
  }
}
