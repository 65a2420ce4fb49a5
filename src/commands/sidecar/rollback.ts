import * as Args from '@oclif/core/args';
import { controlSocketPath } from '../../host/envoy/control-path.ts';
import { readSidecarSpec } from '../../host/envoy/sidecar-spec.ts';
import { followUpgrade } from '../../host/envoy/supervisor-client.ts';
import type { CommandOutcome } from '../../present/base-command.ts';
import { SidecarCommand } from '../../present/sidecar-command.ts';
import { formatUpgradeProgress, formatUpgradeReport } from '../../present/upgrade-text.ts';
import type { UpgradeProgressEvent, UpgradeReport } from '../../upgrade/upgrade-report.ts';
import { requireGoodEnd } from '../../usecases/sidecar/upgrade-verdict.ts';

/** The hot upgrade back to the pair that served before the last one. */
export default class SidecarRollbackCommand extends SidecarCommand<typeof SidecarRollbackCommand, UpgradeReport> {
  static override summary = 'Go back to the binary and bootstrap from before the last upgrade.';
  static override description = 'A hot upgrade to `previous`, with the same checks and the same drain.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override examples = ['<%= config.bin %> sidecar rollback main'];

  protected override async execute(): Promise<CommandOutcome<UpgradeReport>> {
    const { name } = this.args;
    const { config, 'run-dir': runDir } = this.flags;
    await readSidecarSpec(config, name);
    const files = { binary: null, bootstrap: null, dryRun: false, force: false, drainMs: null, initTimeoutMs: 60_000 };
    const hear = (message: Record<string, unknown>) => {
      const event = message as unknown as UpgradeProgressEvent;
      if (event.state !== undefined) this.progress(formatUpgradeProgress(event));
      return 'go-on' as const;
    };
    const request = { command: 'upgrade', ...files, rollback: true };
    const socket = controlSocketPath(runDir, name);
    const report = (await followUpgrade(socket, name, request, hear, 90_000)) as UpgradeReport;
    for (const warning of report.warnings) this.warn(warning);
    requireGoodEnd(name, report);
    return { result: report, text: () => formatUpgradeReport(name, report) };
  }
}
