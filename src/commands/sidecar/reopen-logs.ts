import * as Args from '@oclif/core/args';
import { controlSocketPath } from '../../host/envoy/control-path.ts';
import { readSidecarSpec } from '../../host/envoy/sidecar-spec.ts';
import { askSupervisor } from '../../host/envoy/supervisor-client.ts';
import type { CommandOutcome } from '../../present/base-command.ts';
import { SidecarCommand } from '../../present/sidecar-command.ts';

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
    await readSidecarSpec(this.flags.config, name);
    const socket = controlSocketPath(this.flags['run-dir'], name);
    const result = (await askSupervisor(socket, name, { command: 'reopen-logs' })) as ReopenResult;
    return { result, text: () => `${name}: ${result.told} Envoy told to reopen its logs` };
  }
}
