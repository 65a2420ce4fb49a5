/** The command `weir on`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../cli/base-command.ts';
import { durationFlag } from '../cli/flags.ts';
import type { Paint } from '../cli/paint.ts';
import { appNames, noAppNamed } from '../interception/app-names.ts';
import { BACKENDS, InterceptCommand } from '../interception/cli/intercept-command.ts';
import { switchedOnText } from '../interception/cli/switch-text.ts';
import { RISKS } from '../interception/preflight.ts';
import { switchOn } from '../interception/switch-on.ts';
import type { SwitchResult } from '../interception/switch-result.ts';

/** Sends new connections of applications through their sidecar. */
export default class OnCommand extends InterceptCommand<typeof OnCommand, SwitchResult> {
  static override summary = 'Send new connections of applications through their sidecar.';
  static override description =
    'Asks the sidecar whether it is ready, changes the rules in one transaction, and proves the result with real packets; when the proof fails, all is put back. Open connections and other programs are left alone.';
  static override strict = false;
  static override args = { app: Args.string({ description: 'Applications of mesh.yaml.' }) };
  static override flags = {
    all: Flags.boolean({ summary: 'Every application of mesh.yaml.' }),
    // The proof takes about half a second, and a timeout of zero would mean none to the kernel.
    confirm: durationFlag({ min: 1000, summary: 'The kernel ends it after this time, unless `weir confirm` came.' }),
    existing: Flags.option({
      options: ['keep', 'cut'] as const,
      default: 'keep' as const,
      summary:
        'What becomes of direct connections that are open: keep them, or cut them so that they come back proxied.',
    })(),
    backend: Flags.option({
      options: BACKENDS,
      default: 'auto' as const,
      summary: 'The firewall back end; chosen once.',
    })(),
    'dry-run': Flags.boolean({ summary: 'Print the transaction and change nothing.' }),
    'accept-risk': Flags.option({
      options: RISKS,
      multiple: true,
      // With bars between them they would be one word, broken anywhere.
      helpValue: 'RISK',
      summary: `Accept a risk that a refusal named: ${RISKS.join(', ')}.`,
    })(),
  };
  static override examples = [
    '<%= config.bin %> on payment',
    '<%= config.bin %> on payment --confirm 60s',
    '<%= config.bin %> on --all --dry-run',
  ];

  protected override async execute(): Promise<CommandOutcome<SwitchResult>> {
    const { flags } = this;
    const config = await this.meshConfig();
    const declared = appNames(config, null);
    const apps = flags.all ? declared : [...new Set(this.words)];
    if (apps.length === 0) throw noAppNamed(declared, config.file, 'takes --all');
    const host = await this.host();
    const { result, warnings } = await switchOn(host, {
      config,
      apps,
      backend: flags.backend,
      confirmMs: flags.confirm ?? null,
      existing: flags.existing,
      acceptedRisks: flags['accept-risk'] ?? [],
      dryRun: flags['dry-run'],
      signal: this.signal,
      report: this.report,
    });
    for (const warning of warnings) this.warn(warning);
    const text = (paint: Paint): string => result.plan ?? switchedOnText(result, host.panicFile.path, paint);
    return { result, text, isVerbatim: result.plan !== undefined };
  }
}
