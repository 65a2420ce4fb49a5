/** The command `weir support`. */
import * as Flags from '@oclif/core/flags';
import { type CommandOutcome, WeirCommand } from '../cli/base-command.ts';
import { netnsFlag } from '../cli/flags.ts';
import { openSupportHost } from '../support/compose.ts';
import { gather, type SupportEntry, type SupportGap } from '../support/gather.ts';

interface SupportResult {
  /** Null: a dry run. */
  readonly archive: string | null;
  readonly entries: readonly SupportEntry[];
  readonly gaps: readonly SupportGap[];
}

/** Gathers what a bug report needs. Nothing is sent anywhere. */
export default class SupportCommand extends WeirCommand<typeof SupportCommand, SupportResult> {
  static override summary = 'Gather states, rules, logs, versions and checks into one archive for a bug report.';
  static override description =
    'Passwords, tokens, keys, accounts in URLs and environments are taken out; files that hold secrets by their name are not read into it. What cannot be read is listed, and the rest is gathered all the same. Nothing is sent anywhere: look into the archive before you give it away.';
  static override flags = {
    netns: netnsFlag(),
    out: Flags.string({ helpValue: 'FILE', summary: 'The archive; default: weir-support-DATE.tar.gz in this folder.' }),
    'dry-run': Flags.boolean({ summary: 'List what would be in it; read and write nothing.' }),
  };
  static override examples = ['<%= config.bin %> support', '<%= config.bin %> support --dry-run'];

  protected override async execute(): Promise<CommandOutcome<SupportResult>> {
    const { config, 'dry-run': isDry, 'run-dir': runDir, 'state-dir': stateDir, netns = '', out } = this.flags;
    const host = openSupportHost({ config, runDir, stateDir, netns });
    const items = await host.items();
    if (isDry) {
      const entries = items.map(({ name, from }) => ({ name, from, bytes: null }));
      const text = () => entries.map(({ name, from }) => `${name.padEnd(36)} ${from}`).join('\n');
      return { result: { archive: null, entries, gaps: [] }, text };
    }
    const { secrets, unread } = await host.secrets();
    const { entries, gaps, files } = await gather(items, secrets);
    for (const { path, why } of unread) {
      this.warn(`the secrets in ${path} could not be read, so look for them in the archive yourself: ${why}`);
    }
    const missing = gaps.map(({ name, from, why }) => `${name} (${from}): ${why}\n`).join('');
    const archive = out ?? `weir-support-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}.tar.gz`;
    await host.write(archive, new Map([...files, ['missing.txt', missing]]));
    for (const { name, from, why } of gaps) this.warn(`${name} is missing: ${from}: ${why.split('\n')[0]}`);
    return {
      result: { archive, entries, gaps },
      text: () =>
        `${archive}: ${entries.length} files; ${gaps.length} could not be had (missing.txt in it)\nlook into it before you give it away`,
    };
  }
}
