/** The command `weir sidecar status`. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome, StreamOutcome } from '../../cli/base-command.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { formatSidecarStatus } from '../../sidecar/cli/upgrade-text.ts';
import type { SidecarStatus } from '../../sidecar/machine/upgrade-report.ts';
import { sidecarStatuses } from '../../sidecar/usecases/sidecar-statuses.ts';

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
      await this.untilRead();
      await sleep(1000, undefined, { signal }).catch(() => {});
    }
    return { streamed: true };
  }

  async #look(): Promise<CommandOutcome<StatusResult>> {
    const { result: sidecars, warnings } = await sidecarStatuses(this.ports, this.args.name);
    for (const warning of warnings) this.warn(warning);
    return { result: { sidecars }, text: () => sidecars.map(formatSidecarStatus).join('\n') };
  }
}
