/** The command `weir sidecar stop`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { durationFlag } from '../../cli/flags.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { stopSidecar } from '../../sidecar/usecases/control-sidecar.ts';

interface StopResult {
  readonly stopped: boolean;
}

/** Drains and stops a sidecar and its supervisor. */
export default class SidecarStopCommand extends SidecarCommand<typeof SidecarStopCommand, StopResult> {
  static override summary = 'Drain a sidecar, stop it and its supervisor.';
  static override description =
    'New connections go direct at once; old ones end by themselves or at the deadline. A supervisor of several sidecars goes on with the others, and starts this one again on SIGHUP.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = {
    drain: durationFlag({ summary: 'How long old connections may go on (default: mesh.yaml).' }),
  };
  static override examples = ['<%= config.bin %> sidecar stop main --drain 5s'];

  protected override async execute(): Promise<CommandOutcome<StopResult>> {
    const { name } = this.args;
    const result: StopResult = await stopSidecar(this.ports, name, this.flags.drain ?? null, this.signal);
    return { result, text: () => `${name}: stopped` };
  }
}
