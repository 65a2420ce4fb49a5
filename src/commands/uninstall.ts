/** The command `weir uninstall`. */
import type { CommandOutcome } from '../cli/base-command.ts';
import { existingFlags, InterceptCommand } from '../interception/cli/intercept-command.ts';
import { directLine, switchedOffText } from '../interception/cli/switch-text.ts';
import { type UninstallResult, uninstall } from '../interception/uninstall.ts';

/** Everything off, and every rule of weir removed. Envoys and their versions are the business of `weir sidecar`. */
export default class UninstallCommand extends InterceptCommand<typeof UninstallCommand, UninstallResult> {
  static override summary = 'Switch everything off and remove every rule of weir from this host.';
  static override description =
    'Needs no mesh.yaml, no user and no sidecar to exist: what is ours is found by its tags in every back end. Exits 1 when connections were kept, since their keeper has to stay. The state file, the event log and off.sh go with the last rule. Sidecars that weir runs go on (`weir sidecar stop`), and their versions, histories and logs stay on disk.';
  static override flags = { ...existingFlags };
  static override examples = ['<%= config.bin %> uninstall', '<%= config.bin %> uninstall --existing cut'];

  protected override async execute(): Promise<CommandOutcome<UninstallResult>> {
    const { flags } = this;
    const { result, warnings, isWhole } = await uninstall(await this.host(), {
      existing: flags.existing,
      drainMs: flags.drain,
      signal: this.signal,
      report: (event) => {
        if (event.step === 'direct') this.announce(directLine(event.apps, event.ms));
        else this.report(event);
      },
    });
    for (const warning of warnings) this.warn(warning);
    return {
      result,
      exit: isWhole && result.left === 0 ? 0 : 1,
      text: (paint) => {
        const apps = result.apps.length === 0 ? '' : `${switchedOffText(result, paint)}\n`;
        const nothing = isWhole ? 'nothing, there was no rule of weir' : 'nothing yet';
        return `${apps}removed: ${result.removed.length === 0 ? nothing : result.removed.join(', ')}`;
      },
    };
  }
}
