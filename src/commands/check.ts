/** The command `weir check`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../cli/base-command.ts';
import { durationFlag } from '../cli/flags.ts';
import { isUnicodeTerminal, terminalColumns } from '../cli/terminal.ts';
import { toWeirError } from '../cli/to-weir-error.ts';
import { WeirError } from '../errors/weir-error.ts';
import { InterceptCommand } from '../interception/cli/intercept-command.ts';
import { isRefusedBySystem } from '../platform/null-if-missing.ts';
import { CHECK_CATEGORY_NAMES, type CheckCategoryName, isCheckCategory } from '../readiness/check-categories.ts';
import type { CheckConfig } from '../readiness/check-host.ts';
import {
  type CheckedCategory,
  type CheckReport,
  countResults,
  hasFailedChecks,
  runChecks,
} from '../readiness/run-checks.ts';
import { checkCategoryText, checkSummaryText } from '../readiness/text/check-text.ts';

/** Is this host ready: kernel, tools, rights, back ends, other firewalls, room, ssh, sidecars, leftovers, clock, real Groovy, registries. */
export default class CheckCommand extends InterceptCommand<typeof CheckCommand, CheckReport> {
  static override summary = 'Find out whether this host is ready for switching traffic, and what to do if it is not.';
  static override description = `Changes nothing. Works without mesh.yaml, and without root as far as it can see.
Categories: ${CHECK_CATEGORY_NAMES.join(', ')}. Exits 1 when something is wrong or could not be found out; warnings alone exit 0.`;
  static override strict = false;
  static override args = { category: Args.string({ description: 'Categories to check; all without a name.' }) };
  static override flags = {
    timeout: durationFlag({ default: 10_000, defaultHelp: async () => '10s', summary: 'How long one check may take.' }),
  };
  static override examples = ['<%= config.bin %> check', '<%= config.bin %> check foreign sidecar --json'];

  protected override async execute(): Promise<CommandOutcome<CheckReport>> {
    const categories = chosenCategories(this.words);
    const [{ openHostFacts }, intercept, config] = await Promise.all([
      import('../readiness/compose.ts'),
      this.host(),
      this.#config(),
    ]);
    const { 'run-dir': runDir, 'state-dir': stateDir, timeout, json } = this.flags;
    const host = { facts: openHostFacts(), intercept, config, runDir, stateDir };
    // Text appears a category at a time: a check that hangs must not hide what is known already.
    const observe = (category: CheckedCategory): void => {
      if (!json)
        this.emit({ result: countResults([category]), text: (paint) => checkCategoryText(category, paint, screen) });
    };
    const screen = { columns: terminalColumns(), isUnicode: isUnicodeTerminal() };
    const result = await runChecks(host, { categories, timeoutMs: timeout, observe });
    return { result, text: (paint) => checkSummaryText(result, paint), exit: hasFailedChecks(result) ? 1 : 0 };
  }

  async #config(): Promise<CheckConfig> {
    try {
      return { state: 'good', mesh: await this.meshConfig() };
    } catch (error) {
      if (isRefusedBySystem(error))
        return { state: 'broken', error: toWeirError(error, { argv: process.argv, weirVersion: this.config.version }) };
      if (!(error instanceof WeirError)) throw error;
      if (error.code === 'WEIR1021') return { state: 'missing', file: this.flags.config };
      return { state: 'broken', error };
    }
  }
}

function chosenCategories(words: readonly string[]): readonly CheckCategoryName[] {
  const unknown = words.find((word) => !isCheckCategory(word));
  if (unknown !== undefined) {
    throw new WeirError('WEIR1012', {
      what: `there is no category ${JSON.stringify(unknown)} to check`,
      why: `the categories are ${CHECK_CATEGORY_NAMES.join(', ')}`,
      hint: 'name some of these, or none to check all',
      details: { categories: CHECK_CATEGORY_NAMES },
    });
  }
  return words.length === 0 ? CHECK_CATEGORY_NAMES : CHECK_CATEGORY_NAMES.filter((name) => words.includes(name));
}
