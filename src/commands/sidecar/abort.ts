import * as Args from '@oclif/core/args';
import { controlSocketPath } from '../../host/envoy/control-path.ts';
import { readSidecarSpec } from '../../host/envoy/sidecar-spec.ts';
import { askSupervisor } from '../../host/envoy/supervisor-client.ts';
import type { CommandOutcome } from '../../present/base-command.ts';
import { SidecarCommand } from '../../present/sidecar-command.ts';

interface AbortResult {
  readonly aborted: boolean;
}

/** Removes the new Envoy while the old one still accepts. */
export default class SidecarAbortCommand extends SidecarCommand<typeof SidecarAbortCommand, AbortResult> {
  static override summary = 'Abort the upgrade under way, before it has taken over.';
  static override description = 'Once the old Envoy drains it is too late (exit 3): use `weir sidecar rollback`.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override examples = ['<%= config.bin %> sidecar abort main'];

  protected override async execute(): Promise<CommandOutcome<AbortResult>> {
    const { name } = this.args;
    await readSidecarSpec(this.flags.config, name);
    const socket = controlSocketPath(this.flags['run-dir'], name);
    const result = (await askSupervisor(socket, name, { command: 'abort' })) as AbortResult;
    const text = result.aborted
      ? 'the upgrade was aborted; the old Envoy serves as before'
      : 'no upgrade was under way';
    return { result, text: () => `${name}: ${text}` };
  }
}
