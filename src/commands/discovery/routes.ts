/** The command `weir discovery routes`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { agentLine } from '../../discovery/compose.ts';
import type { ConsumerRoute } from '../../discovery/records/agent-protocol.ts';
import { stageFlag } from '../../discovery/text/discovery-command.ts';
import { explainedText, routesText } from '../../discovery/text/routes-text.ts';
import { listRoutes } from '../../discovery/usecases/ask-discovery.ts';
import { type ExplainedCall, explainRoute } from '../../discovery/usecases/explain-route.ts';
import { ruleFiles } from '../../rules/compose.ts';
import { readCall } from '../../rules/usecases/explain-call.ts';

type RoutesResult = { readonly routes: readonly ConsumerRoute[] } | ExplainedCall;

/** Shows what the Envoy of a consumer was given. */
export default class DiscoveryRoutesCommand extends WeirCommand<typeof DiscoveryRoutesCommand, RoutesResult> {
  static override summary = 'Show which calls of a consumer go to which providers.';
  static override description =
    'Asks the agent what it gave to the Envoy of the consumer: a line for each service, with its outcome and members. Calls of other services go to the address that the consumer picked.';
  static override args = {
    consumer: Args.string({ description: 'An application of mesh.yaml.', required: true }),
    interface: Args.string({ description: 'Only this interface.' }),
  };
  static override flags = {
    stage: stageFlag,
    call: Flags.string({
      helpValue: 'FILE',
      summary: 'Explain one call, as a case file has it: the rule that decides, and its providers.',
    }),
  };
  static override examples = [
    '<%= config.bin %> discovery routes shop',
    '<%= config.bin %> discovery routes shop --call call.json',
  ];

  protected override async execute(): Promise<CommandOutcome<RoutesResult>> {
    const { consumer, interface: name } = this.args;
    const file = this.flags.call;
    const call = file === undefined ? null : await readCall(ruleFiles, file);
    const routes = await listRoutes(
      agentLine(this.flags['run-dir'], this.flags.stage),
      consumer,
      call?.service ?? name ?? null,
    );
    if (call === null) return { result: { routes }, text: (paint) => routesText(routes, paint) };
    const explained = explainRoute(routes, call);
    return { result: explained, text: () => explainedText(explained) };
  }
}
