/** The command `weir fleet rollout`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { FleetCommand, reasonFlag } from '../../fleet/text/fleet-command.ts';
import { rolloutsText } from '../../fleet/text/objects-text.ts';
import { controlRollout, ROLLOUT_VERBS, type RolloutRow, rolloutStatus } from '../../fleet/usecases/control-rollout.ts';

type Result = { readonly rollouts: readonly RolloutRow[] };

/** Starts, watches and steers the release of a sidecar. */
export default class FleetRolloutCommand extends FleetCommand<typeof FleetRolloutCommand, Result> {
  static override summary = 'Start, watch and steer the rollout of a SidecarRelease.';
  static override description =
    'The leader of the region (`weir operator run`) moves the waves. `resume` asks the gates again, `promote` skips those of the present wave, `abort` leaves what has moved, `undo` takes every host back. `status` ends with 1 when a rollout is stopped, has no leader, or waits for a silent host.';
  static override args = {
    verb: Args.string({ required: true, options: ['status', ...ROLLOUT_VERBS], description: 'What to do.' }),
    release: Args.string({ description: 'The SidecarRelease; `status` shows all without it.' }),
  };
  static override flags = { reason: reasonFlag };
  static override examples = [
    '<%= config.bin %> fleet rollout start envoy-1-40',
    '<%= config.bin %> fleet rollout status envoy-1-40',
  ];

  protected override async execute(): Promise<CommandOutcome<Result>> {
    const { release = null } = this.args;
    const verb = ROLLOUT_VERBS.find((one) => one === this.args.verb);
    const fleet = await this.fleet();
    if (verb === undefined) {
      const { result, isGood, warnings } = await rolloutStatus(fleet, release, this.regions);
      for (const warning of warnings) this.warn(warning);
      return { result, exit: isGood ? 0 : 1, text: (paint) => rolloutsText(result, paint) };
    }
    if (release === null) {
      throw new WeirError('WEIR1002', {
        what: `\`weir fleet rollout ${verb}\` names no release`,
        why: 'a verb is for one release',
        hint: `say weir fleet rollout ${verb} RELEASE`,
      });
    }
    const request = { verb, release, regions: this.regions, reason: this.flags.reason ?? null };
    const { rollouts, warnings } = await controlRollout(fleet, request);
    for (const warning of warnings) this.warn(warning);
    const result = { rollouts };
    return { result, exit: warnings.length === 0 ? 0 : 1, text: (paint) => rolloutsText(result, paint) };
  }
}
