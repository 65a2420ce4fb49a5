/** The command `weir help`. */
import * as Args from '@oclif/core/args';
import { type CommandOutcome, WeirCommand } from '../cli/base-command.ts';
import { renderHelp } from '../cli/help.ts';
import { errorTopics, findHelpTopic, helpTopicNames } from '../cli/help-topics.ts';
import { WeirError } from '../errors/weir-error.ts';
import { trapTopics } from '../fleet/text/help-shelf.ts';
import { meshTopics } from '../mesh/text/help-shelf.ts';
import { diagnosticTopics } from '../rules/text/help-shelf.ts';

const SHELVES = [errorTopics, meshTopics, diagnosticTopics, trapTopics];
const TOPIC_NAMES = helpTopicNames(SHELVES);

/** Prints the help of a command, a topic or an error code. */
export default class HelpCommand extends WeirCommand<typeof HelpCommand, { topic: string; help: string }> {
  static override summary = 'Explain a command, an error code or a topic.';
  static override description = `Topics: ${TOPIC_NAMES.join(', ')}, and each error code (WEIR1001).`;
  static override strict = false;
  static override args = { topic: Args.string({ description: 'A command, an error code or a topic.' }) };
  static override examples = ['<%= config.bin %> help exit-codes', '<%= config.bin %> help WEIR1001'];

  protected override async execute(): Promise<CommandOutcome<{ topic: string; help: string }>> {
    const name = this.words.join(' ');
    const help = (await findHelpTopic(SHELVES, name))?.text ?? (await renderHelp(this.words, this.config));
    if (help !== undefined) return { result: { topic: name, help }, text: () => help };
    throw new WeirError('WEIR1004', {
      what: `there is no help on ${JSON.stringify(name)}`,
      why: 'it is neither a command, nor an error code, nor a topic',
      hint: `the topics are ${TOPIC_NAMES.join(', ')}; the commands are listed by \`weir --help\``,
    });
  }
}
