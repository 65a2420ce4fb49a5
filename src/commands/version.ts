/** The command `weir version`. */
import { type CommandOutcome, WeirCommand } from '../cli/base-command.ts';
import { type BuildFacts, ownBuildFacts } from '../cli/build-facts.ts';
import { ownInstallation } from '../support/compose.ts';

interface VersionResult {
  readonly version: string;
  /** Null: src/ runs as it is. */
  readonly build: BuildFacts | null;
  readonly node: string;
  /** Of Node, such as linux-x64. */
  readonly target: string;
  /** `package`: one executable; `files`: JavaScript under a Node of this host. */
  readonly form: 'package' | 'files';
  readonly path: string;
}

/** Prints what this weir is: for bug reports, and for whoever compares hosts. */
export default class VersionCommand extends WeirCommand<typeof VersionCommand, VersionResult> {
  static override summary = 'Print the version of weir and from what it was built.';
  static override examples = ['<%= config.bin %> version', '<%= config.bin %> version --json'];

  protected override async execute(): Promise<CommandOutcome<VersionResult>> {
    const { version } = this.config;
    const build = ownBuildFacts();
    const target = `${process.platform}-${process.arch}`;
    const result = { version, build, node: process.versions.node, target, ...ownInstallation() };
    return {
      result,
      text: () =>
        [
          `weir ${version}`,
          `commit  ${build?.commit ?? 'not known'}${build?.isChanged === true ? ', with changes' : ''}`,
          `date    ${build?.date ?? 'not known'}`,
          `node    ${result.node} (${target})`,
          `runs    ${result.path}${result.form === 'package' ? ', one executable' : ''}`,
        ].join('\n'),
    };
  }
}
