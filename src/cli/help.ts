/** oclif's help, collected as text. */
import type { Interfaces } from '@oclif/core';
import { Help } from '@oclif/core/help';
import { type StartPageFacts, startPage } from './start-page.ts';
import { proseColumns } from './terminal.ts';
import { wrapText } from './wrap-text.ts';

/** oclif's help, collected as text: under --json stdout belongs to the envelope. */
class CollectedHelp extends Help {
  readonly #lines: string[] = [];

  get text(): string {
    // oclif leaves summaries as long as they are.
    const width = proseColumns('stdout');
    const lines = this.#lines.join('\n').split('\n');
    const broken = lines.flatMap((line) => (line.length > width ? wrapText(line, width) : [line]));
    return `${broken.join('\n').trimEnd()}\n`;
  }

  protected override log(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  #facts(): StartPageFacts {
    const { version, topics, commands, pjson } = this.config;
    const isOwn = ({ hidden }: { readonly hidden?: boolean | undefined }, name: string): boolean =>
      hidden !== true && !name.includes(':');
    const own = new Map(commands.filter((one) => isOwn(one, one.id)).map((one) => [one.id, one.summary ?? '']));
    // oclif counts each command as a topic as well.
    const groups = topics.filter((one) => isOwn(one, one.name) && !own.has(one.name));
    return {
      version,
      description: String(Reflect.get(pjson, 'description')),
      topics: new Map(groups.map((one) => [one.name, one.description ?? ''])),
      commands: own,
    };
  }

  /** Collects the help of the longest start of `words` that names a command or a topic; false if none does. */
  async collect(words: readonly string[]): Promise<boolean> {
    if (words.length === 0) {
      this.log(startPage(this.#facts()));
      return true;
    }
    for (let count = words.length; count > 0; count--) {
      const id = words.slice(0, count).join(':');
      const command = this.config.findCommand(id);
      const topic = this.config.findTopic(id);
      if (command !== undefined) await this.showCommandHelp(command);
      else if (topic !== undefined) await this.showTopicHelp(topic);
      else continue;
      return true;
    }
    return false;
  }
}

/** The help for a command or a topic, without words for weir as a whole; undefined if `words` name nothing. */
export async function renderHelp(words: readonly string[], config: Interfaces.Config): Promise<string | undefined> {
  const help = new CollectedHelp(config, { hideAliasesFromRoot: true });
  return (await help.collect(words)) ? help.text : undefined;
}
