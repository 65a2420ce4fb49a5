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

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    this.log(ROOT_FOOTER);
  }
}

/** The help for a command, for a topic, or without words for weir as a whole. Throws if `words` name nothing. */
export async function renderHelp(words: readonly string[], config: Interfaces.Config): Promise<string> {
  const help = new CollectedHelp(config, { hideAliasesFromRoot: true, respectNoCacheDefault: true });
  await help.showHelp([...words]);
  return help.text;
}
