/** The texts of many rule files, one after the other. */
import type { RuleFilePath, RuleFiles } from './ports.ts';

/** A rule file that was read: `text` throws what kept it from being read. */
export interface RuleText {
  readonly script: RuleFilePath;
  text(): string;
}

/** How many files are read at once: their texts are all that is held. */
const AT_ONCE = 32;

/** Reads files in their order. A file that cannot be read stops no other. */
export async function* ruleTexts(
  files: RuleFiles,
  scripts: readonly RuleFilePath[],
  encoding: string | undefined,
): AsyncGenerator<RuleText> {
  for (let from = 0; from < scripts.length; from += AT_ONCE) {
    const some = scripts.slice(from, from + AT_ONCE);
    yield* await files.together(async () => {
      const texts: RuleText[] = [];
      for (const script of some) texts.push(await ruleText(files, script, encoding));
      return texts;
    });
  }
}

async function ruleText(files: RuleFiles, script: RuleFilePath, encoding: string | undefined): Promise<RuleText> {
  try {
    const read = await files.read(script.path, encoding);
    return { script, text: () => read };
  } catch (error) {
    return {
      script,
      text: () => {
        throw error;
      },
    };
  }
}
