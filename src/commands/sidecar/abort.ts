/** The command `weir sidecar abort`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { abortUpgrade } from '../../sidecar/usecases/control-sidecar.ts';
import { afterAbort } from '../../sidecar/usecases/upgrade-verdict.ts';

interface AbortResult {
  readonly aborted: boolean;
  /** Whether an Envoy serves after it; null: not known, or nothing was under way. */
  readonly served: boolean | null;
}

/** Removes the new Envoy while the old one still accepts. */
export default class SidecarAbortCommand extends SidecarCommand<typeof SidecarAbortCommand, AbortResult> {
  static override summary = 'Abort the upgrade under way, before it has taken over.';
  static override description = 'Once the old Envoy drains it is too late (exit 3): use `weir sidecar rollback`.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override examples = ['<%= config.bin %> sidecar abort main'];

  protected override async execute(): Promise<CommandOutcome<AbortResult>> {
    const { name } = this.args;
    const result: AbortResult = await abortUpgrade(this.ports, name);
    const text = result.aborted ? `the upgrade was aborted${afterAbort(result.served)}` : 'no upgrade was under way';
    return { result, text: () => `${name}: ${text}` };
  }
}
