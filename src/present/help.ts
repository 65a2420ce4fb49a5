import type { Interfaces } from '@oclif/core';
import { Help } from '@oclif/core/help';

const ROOT_FOOTER = `FIRST STEPS
  weir tour               the main job end to end, in throw-away network namespaces
  weir check              is this host ready?
  weir help TOPIC         exit-codes, errors, mesh-yaml, or an error code such as WEIR1001
`;

/** oclif's help, collected as text: under --json stdout belongs to the envelope. */
class CollectedHelp extends Help {
  readonly #lines: string[] = [];

  get text(): string {
    return `${this.#lines.join('\n').trimEnd()}\n`;
  }

  protected override log(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  /** Collects the help of the longest start of `words` that names a command or a topic; false if none does. */
  async collect(words: readonly string[]): Promise<boolean> {
    if (words.length === 0) {
      await this.showRootHelp();
      this.log(ROOT_FOOTER);
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
