/** The command `weir sidecar rollback`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { formatUpgradeProgress, formatUpgradeReport } from '../../sidecar/cli/upgrade-text.ts';
import type { UpgradeReport } from '../../sidecar/machine/upgrade-report.ts';
import { rollBackSidecar } from '../../sidecar/usecases/upgrade-sidecar.ts';

/** The hot upgrade back to the pair that served before the last one. */
export default class SidecarRollbackCommand extends SidecarCommand<typeof SidecarRollbackCommand, UpgradeReport> {
  static override summary = 'Go back to the binary and bootstrap from before the last upgrade.';
  static override description =
    'A hot upgrade to `previous`, with the same drain; listeners that came since are left. --now also ends an upgrade that is under way: what still drains is cut and counted.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = {
    now: Flags.boolean({ summary: 'Also while an upgrade drains or is watched: end it and go back at once.' }),
    reason: Flags.string({ helpValue: 'TEXT', summary: 'Why; kept in the history.' }),
  };
  static override examples = [
    '<%= config.bin %> sidecar rollback main',
    '<%= config.bin %> sidecar rollback main --now',
  ];

  protected override async execute(): Promise<CommandOutcome<UpgradeReport>> {
    const { name } = this.args;
    const report = await rollBackSidecar(
      this.ports,
      name,
      { now: this.flags.now, note: this.flags.reason ?? null },
      {
        progress: (event) => this.progress(formatUpgradeProgress(event)),
        warn: (text) => this.warn(text),
        signal: this.signal,
      },
    );
    return { result: report, text: () => formatUpgradeReport(name, report) };
  }
}
