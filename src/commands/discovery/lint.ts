/** The command `weir discovery lint`. */

import type { CommandOutcome } from '../../cli/base-command.ts';
import { DiscoveryCommand } from '../../discovery/text/discovery-command.ts';
import { findingsText } from '../../discovery/text/findings-text.ts';
import { lintRegistries } from '../../discovery/usecases/lint-registries.ts';
import type { RegistryFinding } from '../../discovery/usecases/registry-finding.ts';

/** Finds what is wrong with registrations, each with its repair. */
export default class LintCommand extends DiscoveryCommand<
  typeof LintCommand,
  { readonly findings: readonly RegistryFinding[] }
> {
  static override summary = 'Find what is wrong with the registrations that applications of this host consume.';
  static override description = 'Reads the registries once. Ends with 1 when there is a finding.';
  static override examples = ['<%= config.bin %> discovery lint'];

  protected override async execute(): Promise<CommandOutcome<{ readonly findings: readonly RegistryFinding[] }>> {
    const mesh = await this.mesh();
    const findings = await lintRegistries(mesh, this.registries);
    return {
      result: { findings },
      text: (paint) => findingsText(findings, { none: 'no findings', noun: 'finding' }, paint),
      exit: findings.length === 0 ? 0 : 1,
    };
  }
}
