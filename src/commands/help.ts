import * as Args from '@oclif/core/args';
import { WeirError } from '../errors/weir-error.ts';
import { type CommandOutcome, WeirCommand } from '../present/base-command.ts';
import { renderHelp } from '../present/help.ts';
import { findHelpTopic, HELP_TOPIC_NAMES } from '../present/help-topics.ts';

/** Prints the help of a command, a topic or an error code. */
export default class HelpCommand extends WeirCommand<typeof HelpCommand, { topic: string; help: string }> {
  static override summary = 'Explain a command, an error code or a topic.';
  static override description = `Topics: ${HELP_TOPIC_NAMES.join(', ')}, and each error code (WEIR1001).`;
  static override strict = false;
  static override args = { topic: Args.string({ description: 'A command, an error code or a topic.' }) };
  static override examples = ['<%= config.bin %> help exit-codes', '<%= config.bin %> help WEIR1001'];

  protected override async execute(): Promise<CommandOutcome<{ topic: string; help: string }>> {
    const name = this.words.join(' ');
    const help = (await findHelpTopic(name))?.text ?? (await renderHelp(this.words, this.config));
    if (help !== undefined) return { result: { topic: name, help }, text: () => help };
    throw new WeirError('WEIR1004', {
      what: `there is no help on ${JSON.stringify(name)}`,
      why: 'it is neither a command, nor an error code, nor a topic',
      hint: `the topics are ${HELP_TOPIC_NAMES.join(', ')}; the commands are listed by \`weir --help\``,
    });
  }
}
