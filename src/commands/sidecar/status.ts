import { setTimeout as sleep } from 'node:timers/promises';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { loadMeshConfig } from '../../host/config-file.ts';
import { readSidecarStatus } from '../../host/envoy/read-sidecar-status.ts';
import { requireSidecar } from '../../host/envoy/sidecar-spec.ts';
import type { CommandOutcome, StreamOutcome } from '../../present/base-command.ts';
import { SidecarCommand } from '../../present/sidecar-command.ts';
import { formatSidecarStatus } from '../../present/upgrade-text.ts';
import type { SidecarStatus } from '../../upgrade/upgrade-report.ts';

interface StatusResult {
  readonly sidecars: readonly SidecarStatus[];
}

/** Shows the sidecars of mesh.yaml, with or without their supervisors. */
export default class SidecarStatusCommand extends SidecarCommand<typeof SidecarStatusCommand, StatusResult> {
  static override summary = 'Show sidecars: what serves, and how an upgrade goes.';
  static override description = 'Works with and without a supervisor. --watch repeats it every second until Ctrl-C.';
  static override args = { name: Args.string({ description: 'A sidecar of mesh.yaml; all if left out.' }) };
  static override flags = { watch: Flags.boolean({ summary: 'Repeat every second.' }) };
  static override examples = ['<%= config.bin %> sidecar status', '<%= config.bin %> sidecar status main --watch'];

  protected override async execute(): Promise<CommandOutcome<StatusResult> | StreamOutcome> {
    if (!this.flags.watch) return this.#look();
    const { signal } = this;
    while (!signal.aborted) {
      this.emit(await this.#look());
      await sleep(1000, undefined, { signal }).catch(() => {});
    }
    return { streamed: true };
  }

  async #look(): Promise<CommandOutcome<StatusResult>> {
    const { config, 'run-dir': runDir, 'state-dir': stateDir } = this.flags;
    const mesh = await loadMeshConfig(config);
    const { name } = this.args;
    const wanted = name === undefined ? [...mesh.sidecars.values()] : [requireSidecar(mesh, name)];
    const sidecars = await Promise.all(wanted.map((sidecar) => readSidecarStatus({ runDir, stateDir }, sidecar)));
    return { result: { sidecars }, text: () => sidecars.map(formatSidecarStatus).join('\n') };
  }
}
