/** The command `weir discovery status`. */
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { agentLine } from '../../discovery/compose.ts';
import type { AgentStatus } from '../../discovery/records/agent-protocol.ts';
import { stageFlag } from '../../discovery/text/discovery-command.ts';
import { statusText } from '../../discovery/text/status-text.ts';
import { discoveryStatus } from '../../discovery/usecases/ask-discovery.ts';

/** Shows what the agent knows, and what Envoys have taken of it. */
export default class DiscoveryStatusCommand extends WeirCommand<typeof DiscoveryStatusCommand, AgentStatus> {
  static override summary = 'Show the discovery agent: registries, applications, held lists, Envoys.';
  static override description =
    'Asks the agent of the run directory. A held list stays published until a second look, or `weir discovery confirm`.';
  static override flags = { stage: stageFlag };
  static override examples = ['<%= config.bin %> discovery status'];

  protected override async execute(): Promise<CommandOutcome<AgentStatus>> {
    const status = await discoveryStatus(agentLine(this.flags['run-dir'], this.flags.stage));
    return { result: status, text: (paint) => statusText(status, paint) };
  }
}
