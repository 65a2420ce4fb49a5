/** The command `weir sidecar reopen-logs`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { reopenLogs } from '../../sidecar/usecases/control-sidecar.ts';

interface ReopenResult {
  readonly told: number;
}

/** Lets Envoy open its log files anew, after logrotate has moved them. */
export default class SidecarReopenLogsCommand extends SidecarCommand<typeof SidecarReopenLogsCommand, ReopenResult> {
  static override summary = 'Reopen the logs of a sidecar after they were rotated.';
  static override description =
    'Sends SIGUSR1 to every living Envoy of the sidecar, as SIGUSR1 to the supervisor does.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override examples = ['<%= config.bin %> sidecar reopen-logs main'];

  protected override async execute(): Promise<CommandOutcome<ReopenResult>> {
    const { name } = this.args;
    const result: ReopenResult = await reopenLogs(this.ports, name);
    return { result, text: () => `${name}: ${result.told} Envoy told to reopen its logs` };
  }
}
