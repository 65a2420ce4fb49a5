/** The topics of `weir help`. Each part of weir brings a shelf of its own; this file holds the shelf of errors. */
import { ERROR_CATALOGUE, isErrorCode } from '../errors/catalogue.ts';
import { EXIT_CODES } from '../errors/exit-codes.ts';
import { proseColumns } from './terminal.ts';
import { HELP_WIDTH, hanging, wrapText } from './wrap-text.ts';

/** A text that `weir help NAME` prints. */
export interface HelpTopic {
  readonly name: string;
  readonly text: string;
}

/** The topics of one part of weir. */
export interface HelpShelf {
  /** The topics that lists of topics name; codes such as WR012 are found, and not listed. */
  readonly names: readonly string[];
  /** The topic of that name; undefined when this shelf has none. A shelf loads its texts only for its own names. */
  find(name: string): Promise<HelpTopic | undefined>;
}

/** The names on all shelves, in the order of the alphabet. */
export function helpTopicNames(shelves: readonly HelpShelf[]): string[] {
  return shelves.flatMap(({ names }) => names).sort();
}

/** The first topic of that name on the shelves; undefined when none has it. */
export async function findHelpTopic(shelves: readonly HelpShelf[], name: string): Promise<HelpTopic | undefined> {
  for (const shelf of shelves) {
    const topic = await shelf.find(name);
    if (topic !== undefined) return topic;
  }
  return undefined;
}

/** Exit codes, the list of errors, and each error by its code in any case. */
export const errorTopics: HelpShelf = {
  names: ['errors', 'exit-codes'],
  async find(name) {
    if (name === 'exit-codes') return { name, text: exitCodesText() };
    if (name === 'errors') return { name, text: errorsText() };
    const code = name.toUpperCase();
    return isErrorCode(code) ? { name: code, text: errorText(code) } : undefined;
  },
};

function exitCodesText(): string {
  const rows = Object.entries(EXIT_CODES).flatMap(([code, meaning]) =>
    hanging(`${code.padStart(4)}  `, meaning, proseColumns('stdout')),
  );
  return `Exit codes, the same with and without --json:\n\n${rows.join('\n')}\n`;
}

function errorsText(): string {
  const rows = Object.entries(ERROR_CATALOGUE).flatMap(([code, { exit, title }]) =>
    hanging(`${code}  exit ${String(exit).padEnd(3)}  `, title, proseColumns('stdout')),
  );
  return `Errors of weir; more on each with \`weir help CODE\`:\n\n${rows.join('\n')}\n`;
}

function errorText(code: keyof typeof ERROR_CATALOGUE): string {
  const { exit, explain, kind, title } = ERROR_CATALOGUE[code];
  const mends = {
    user: 'you, on the command line or in a file',
    host: 'the administrator of the host',
    child: 'the administrator of the host',
    bug: "weir's developers",
  };
  return `${code}: ${title}\n\n${wrapText(explain, HELP_WIDTH).join('\n')}\n\nExit code: ${exit} (${EXIT_CODES[exit]})\nWho can fix it: ${mends[kind]}\n`;
}
