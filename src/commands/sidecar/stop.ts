import * as Args from '@oclif/core/args';
import { controlSocketPath } from '../../host/envoy/control-path.ts';
import { readSidecarSpec } from '../../host/envoy/sidecar-spec.ts';
import { askSupervisor } from '../../host/envoy/supervisor-client.ts';
import type { CommandOutcome } from '../../present/base-command.ts';
import { durationFlag } from '../../present/flags.ts';
import { SidecarCommand } from '../../present/sidecar-command.ts';

interface StopResult {
  readonly stopped: boolean;
}

/** Drains and stops a sidecar and its supervisor. */
export default class SidecarStopCommand extends SidecarCommand<typeof SidecarStopCommand, StopResult> {
  static override summary = 'Drain a sidecar, stop it and its supervisor.';
  static override description = 'New connections go direct at once; old ones end by themselves or at the deadline.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = {
    drain: durationFlag({ summary: 'How long old connections may go on (default: mesh.yaml).' }),
  };
  static override examples = ['<%= config.bin %> sidecar stop main --drain 5s'];

  protected override async execute(): Promise<CommandOutcome<StopResult>> {
    const { name } = this.args;
    const { drain } = this.flags;
    await readSidecarSpec(this.flags.config, name);
    const request = { command: 'stop', drainMs: drain ?? null };
    const socket = controlSocketPath(this.flags['run-dir'], name);
    const result = (await askSupervisor(socket, name, request)) as StopResult;
    return { result, text: () => `${name}: stopped` };
  }
}
