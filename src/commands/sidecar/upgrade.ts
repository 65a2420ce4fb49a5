import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { requireFile } from '../../host/envoy/absolute-file.ts';
import { controlSocketPath } from '../../host/envoy/control-path.ts';
import { readSidecarSpec } from '../../host/envoy/sidecar-spec.ts';
import { followUpgrade } from '../../host/envoy/supervisor-client.ts';
import type { CommandOutcome } from '../../present/base-command.ts';
import { durationFlag } from '../../present/flags.ts';
import { SidecarCommand } from '../../present/sidecar-command.ts';
import { formatUpgradeProgress, formatUpgradeReport } from '../../present/upgrade-text.ts';
import type { UpgradeProgressEvent, UpgradeReport } from '../../upgrade/upgrade-report.ts';
import { requireGoodEnd } from '../../usecases/sidecar/upgrade-verdict.ts';

/** States in which the new Envoy serves already: where `--no-wait` returns. */
const SERVING = new Set(['NOTIFY', 'DRAINING', 'ENDING', 'IDLE', 'SETTLED']);
const PATIENCE_MS = 90_000;

type UpgradeResult = UpgradeReport | { readonly outcome: 'started' };

/** The hot upgrade of a running sidecar. */
export default class SidecarUpgradeCommand extends SidecarCommand<typeof SidecarUpgradeCommand, UpgradeResult> {
  static override summary = 'Replace a running sidecar without losing a request.';
  static override description =
    'Checks first, then starts the new Envoy beside the old one, hands the listening sockets over, tells the RPC SDKs, drains the old one and ends it. Without --binary and --bootstrap it takes the files that mesh.yaml names. While anything is wrong the old Envoy goes on serving.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = {
    binary: Flags.string({ helpValue: 'FILE', summary: 'The new Envoy binary.' }),
    bootstrap: Flags.string({ helpValue: 'FILE', summary: 'The new bootstrap.' }),
    'dry-run': Flags.boolean({ summary: 'Stop after the checks: 0 would go on, 3 would be refused.' }),
    force: Flags.boolean({ summary: 'Restart also when nothing has changed.' }),
    wait: Flags.boolean({ allowNo: true, default: true, summary: 'Wait until the old Envoy has ended.' }),
    drain: durationFlag({ summary: 'How long old connections may go on (default: mesh.yaml).' }),
    'init-timeout': durationFlag({ default: 60_000, summary: 'How long the new Envoy may show no progress.' }),
  };
  static override examples = [
    '<%= config.bin %> sidecar upgrade main',
    '<%= config.bin %> sidecar upgrade main --binary /usr/local/lib/envoy/1.40.0/envoy --dry-run',
  ];

  protected override async execute(): Promise<CommandOutcome<UpgradeResult>> {
    const { name } = this.args;
    const {
      config,
      'run-dir': runDir,
      binary,
      bootstrap,
      wait,
      drain,
      'init-timeout': initTimeoutMs,
      force,
    } = this.flags;
    const request = {
      command: 'upgrade',
      binary: binary === undefined ? null : await requireFile('binary', binary),
      bootstrap: bootstrap === undefined ? null : await requireFile('bootstrap', bootstrap),
      dryRun: this.flags['dry-run'],
      force,
      drainMs: drain ?? null,
      initTimeoutMs,
      rollback: false,
    };
    await readSidecarSpec(config, name);
    const hear = (message: Record<string, unknown>) => {
      if (message.event !== 'state' && message.event !== 'drain') return 'go-on' as const;
      const event = message as unknown as UpgradeProgressEvent;
      this.progress(this.flags.json ? JSON.stringify(event) : formatUpgradeProgress(event));
      return !wait && SERVING.has(event.state) ? ('enough' as const) : ('go-on' as const);
    };
    const report = (await followUpgrade(
      controlSocketPath(runDir, name),
      name,
      request,
      hear,
      PATIENCE_MS,
    )) as UpgradeReport | null;
    if (report === null) {
      return { result: { outcome: 'started' }, text: () => `${name}: the new Envoy serves; the old one drains` };
    }
    for (const warning of report.warnings) this.warn(warning);
    requireGoodEnd(name, report);
    return { result: report, text: () => formatUpgradeReport(name, report) };
  }
}
