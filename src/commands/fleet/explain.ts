/** The command `weir fleet explain`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { explainedText } from '../../fleet/text/explained-text.ts';
import { FleetCommand } from '../../fleet/text/fleet-command.ts';
import { type Explained, explainFleet } from '../../fleet/usecases/explain-fleet.ts';

/** Explains why a host, a pod or an application is as it is. */
export default class FleetExplainCommand extends FleetCommand<typeof FleetExplainCommand, Explained> {
  static override summary = 'Explain why a host, a pod or an application is as it is, with the next step.';
  static override description =
    'Ends with 1 when it is not as desired. Of a pod: its sidecar, what OpenKruise made of it, and what its rollout waits for.';
  static override args = {
    name: Args.string({ required: true, description: 'A host, an application, or a pod: NAME or NAMESPACE/NAME.' }),
  };
  static override examples = ['<%= config.bin %> fleet explain host-1'];

  protected override async execute(): Promise<CommandOutcome<Explained>> {
    const { result, isGood, warnings } = await explainFleet(await this.fleet(), this.args.name, this.regions);
    for (const warning of warnings) this.warn(warning);
    return { result, exit: isGood ? 0 : 1, text: (paint) => explainedText(result, paint) };
  }
}
