/** The command `weir sidecar wait-settled`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { durationFlag } from '../../cli/flags.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { formatUpgradeReport } from '../../sidecar/cli/upgrade-text.ts';
import { settleContainer } from '../../sidecar/usecases/settle-container.ts';
import type { SettledResult } from '../../sidecar/usecases/wait-settled.ts';

/** Blocks until the sidecar of this container is what serves. */
export default class SidecarWaitSettledCommand extends SidecarCommand<typeof SidecarWaitSettledCommand, SettledResult> {
  static override summary = 'Wait until a sidecar is live and no upgrade is under way.';
  static override description =
    'In a container of an OpenKruise hot upgrade it waits for the part of this very container: until its sidecar serves and has taken over that of the other one; at once when this container idles. Made for postStart. An upgrade that did not settle ends it as it would end `weir sidecar upgrade`.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = { timeout: durationFlag({ default: 300_000, summary: 'How long to wait at most.' }) };
  static override examples = ['<%= config.bin %> sidecar wait-settled main --timeout 2m'];

  protected override async execute(): Promise<CommandOutcome<SettledResult>> {
    const { name } = this.args;
    const result = await settleContainer(this.ports, name, {
      environment: process.env,
      timeoutMs: this.flags.timeout,
      signal: this.signal,
    });
    const { role, upgrade } = result;
    const said = role === 'idle' ? 'idle, the other container serves' : 'settled';
    return { result, text: () => (upgrade === null ? `${name}: ${said}` : formatUpgradeReport(name, upgrade)) };
  }
}
