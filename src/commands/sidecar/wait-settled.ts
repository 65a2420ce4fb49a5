import * as Args from '@oclif/core/args';
import { askControlSocket } from '../../host/control-socket.ts';
import { controlSocketPath } from '../../host/envoy/control-path.ts';
import { settledNotes } from '../../host/envoy/open-sidecar.ts';
import { readSidecarSpec } from '../../host/envoy/sidecar-spec.ts';
import { type CommandOutcome, WeirCommand } from '../../present/base-command.ts';
import { durationFlag } from '../../present/flags.ts';
import { formatUpgradeReport } from '../../present/upgrade-text.ts';
import { containerRole } from '../../upgrade/container-role.ts';
import type { SidecarStatus } from '../../upgrade/upgrade-report.ts';
import { type SettledResult, waitSettled } from '../../usecases/sidecar/wait-settled.ts';

/** Blocks until the sidecar of this container is what serves. */
export default class SidecarWaitSettledCommand extends WeirCommand<typeof SidecarWaitSettledCommand, SettledResult> {
  static override summary = 'Wait until a sidecar is live and no upgrade is under way.';
  static override description =
    'In a container of an OpenKruise hot upgrade it waits for the part of this very container: until its sidecar serves and has taken over that of the other one; at once when this container idles. Made for postStart. An upgrade that did not settle ends it as it would end `weir sidecar upgrade`.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = { timeout: durationFlag({ default: 300_000, summary: 'How long to wait at most.' }) };
  static override examples = ['<%= config.bin %> sidecar wait-settled main --timeout 2m'];

  protected override async execute(): Promise<CommandOutcome<SettledResult>> {
    const { name } = this.args;
    const { config, 'run-dir': runDir, timeout } = this.flags;
    const role = containerRole(process.env);
    // An idle container may be an image with neither mesh.yaml nor Envoy.
    if (role !== 'idle') await readSidecarSpec(config, name);
    const socket = controlSocketPath(runDir, name);
    const result = await waitSettled({
      name,
      role,
      timeoutMs: timeout,
      signal: this.signal,
      readNote: settledNotes(runDir, name),
      async status() {
        const answer = await askControlSocket(socket, { command: 'status' });
        return answer !== null && 'result' in answer ? (answer.result as SidecarStatus) : null;
      },
    });
    const { upgrade } = result;
    const said = role === 'idle' ? 'idle, the other container serves' : 'settled';
    return { result, text: () => (upgrade === null ? `${name}: ${said}` : formatUpgradeReport(name, upgrade)) };
  }
}
