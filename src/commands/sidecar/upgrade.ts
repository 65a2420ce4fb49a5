/** The command `weir sidecar upgrade`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { durationFlag, sizeFlag } from '../../cli/flags.ts';
import { checkFlag } from '../../sidecar/cli/read-check.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { formatUpgradeProgress, formatUpgradeReport } from '../../sidecar/cli/upgrade-text.ts';
import { UPGRADE_RISKS } from '../../sidecar/machine/sidecar-state.ts';
import type { UpgradeReport } from '../../sidecar/machine/upgrade-report.ts';
import { requireFetched } from '../../sidecar/usecases/fetch-binary.ts';
import { upgradeSidecar } from '../../sidecar/usecases/upgrade-sidecar.ts';

type UpgradeResult = UpgradeReport | { readonly outcome: 'started' };

/** The hot upgrade of a running sidecar. */
export default class SidecarUpgradeCommand extends SidecarCommand<typeof SidecarUpgradeCommand, UpgradeResult> {
  static override summary = 'Replace a running sidecar without losing a request.';
  static override description =
    'Checks first, then starts the new Envoy beside the old one, hands the listening sockets over, tells the RPC SDKs, drains the old one and ends it. Without --binary and --bootstrap it takes the files that mesh.yaml names. While anything is wrong the old Envoy goes on serving.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = {
    binary: Flags.string({ helpValue: 'FILE', summary: 'The new Envoy binary.' }),
    version: Flags.string({
      helpValue: 'V|SHA256',
      exclusive: ['binary'],
      summary: 'A binary that `weir sidecar fetch` has stored, by its version or the beginning of its SHA-256.',
    }),
    bootstrap: Flags.string({ helpValue: 'FILE', summary: 'The new bootstrap.' }),
    'dry-run': Flags.boolean({ summary: 'Stop after the checks: 0 would go on, 3 would be refused.' }),
    force: Flags.boolean({ summary: 'Restart also when nothing has changed.' }),
    wait: Flags.boolean({ allowNo: true, default: true, summary: 'Wait until the old Envoy has ended.' }),
    drain: durationFlag({ summary: 'How long old connections may go on (default: mesh.yaml).' }),
    check: checkFlag(),
    bake: durationFlag({
      summary: 'Watch the new Envoy for so long after settling; what goes wrong brings the former one back.',
    }),
    'bake-memory': sizeFlag({ summary: 'The most memory of its own that it may take meanwhile.' }),
    'drain-spread': durationFlag({
      summary: 'Cut the connections that are left one by one over this last part of the drain.',
    }),
    'accept-risk': Flags.option({
      options: UPGRADE_RISKS,
      multiple: true,
      summary: 'Accept what a refusal named: leaving a listener, another number of workers.',
    })(),
    reason: Flags.string({ helpValue: 'TEXT', summary: 'Why; kept in the history.' }),
    'init-timeout': durationFlag({ default: 60_000, summary: 'How long the new Envoy may show no progress.' }),
  };
  static override examples = [
    '<%= config.bin %> sidecar upgrade main',
    '<%= config.bin %> sidecar upgrade main --check http://127.0.0.1:8080/health --bake 60s',
    '<%= config.bin %> sidecar upgrade main --binary /usr/local/lib/envoy/1.40.0/envoy --dry-run',
    '<%= config.bin %> sidecar upgrade main --version 1.40.0',
  ];

  protected override async execute(): Promise<CommandOutcome<UpgradeResult>> {
    const { name } = this.args;
    const {
      binary,
      version,
      bootstrap,
      wait,
      drain,
      'init-timeout': initTimeoutMs,
      'dry-run': dryRun,
      'accept-risk': accept,
      check,
      bake,
      'bake-memory': bakeMemory,
      'drain-spread': spread,
      reason,
      force,
      json,
    } = this.flags;
    const fetched = version === undefined ? null : await requireFetched(this.ports, name, version);
    const report = await upgradeSidecar(
      this.ports,
      name,
      {
        ...{ binary: binary ?? fetched, bootstrap: bootstrap ?? null, dryRun, force, wait },
        ...{ drainMs: drain ?? null, initTimeoutMs, note: reason ?? null },
        ...{ check: check ?? null, bakeMs: bake ?? null, accept: accept ?? [] },
        ...{ bakeBytes: bakeMemory ?? null, spreadMs: spread ?? null },
      },
      {
        progress: (event) => this.progress(json ? JSON.stringify(event) : formatUpgradeProgress(event)),
        warn: (text) => this.warn(text),
        signal: this.signal,
      },
    );
    if (report === null) {
      return { result: { outcome: 'started' }, text: () => `${name}: the new Envoy serves; the old one drains` };
    }
    return { result: report, text: () => formatUpgradeReport(name, report) };
  }
}
