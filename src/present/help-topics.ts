import { ERROR_CATALOGUE, isErrorCode } from '../errors/catalogue.ts';
import { EXIT_CODES } from '../errors/exit-codes.ts';
import { HELP_WIDTH, wrapText } from './wrap-text.ts';

/** A text that `weir help NAME` prints. */
export interface HelpTopic {
  readonly name: string;
  readonly text: string;
}

/** The names that `weir help` takes beside commands and error codes. */
export const HELP_TOPIC_NAMES = ['diagnostics', 'errors', 'exit-codes', 'mesh-yaml'] as const;

/** The text of a help topic or an error code (any case); undefined when there is none of that name. */
export async function findHelpTopic(name: string): Promise<HelpTopic | undefined> {
  if (name === 'exit-codes') return { name, text: exitCodesText() };
  if (name === 'errors') return { name, text: errorsText() };
  if (name === 'mesh-yaml') {
    // Made from the schema of mesh.yaml, whose library the other topics should not wait for.
    const { meshYamlHelp } = await import('../config/mesh-yaml-help.ts');
    return { name, text: meshYamlHelp() };
  }
  const code = name.toUpperCase();
  if (name === 'diagnostics' || /^WR\d/.test(code)) {
    const { diagnosticHelp, diagnosticsHelp } = await import('./diagnostic-help.ts');
    const text = name === 'diagnostics' ? diagnosticsHelp() : diagnosticHelp(code);
    return text === undefined ? undefined : { name: name === 'diagnostics' ? name : code, text };
  }
  return isErrorCode(code) ? { name: code, text: errorText(code) } : undefined;
}

function exitCodesText(): string {
  const rows = Object.entries(EXIT_CODES).map(([code, meaning]) => `${code.padStart(4)}  ${meaning}`);
  return `Exit codes, the same with and without --json:\n\n${rows.join('\n')}\n`;
}

function errorsText(): string {
  const rows = Object.entries(ERROR_CATALOGUE).map(
    ([code, { exit, title }]) => `${code}  exit ${String(exit).padEnd(3)}  ${title}`,
  );
  return `Errors of weir; more on each with \`weir help CODE\`:\n\n${rows.join('\n')}\n`;
}

function errorText(code: keyof typeof ERROR_CATALOGUE): string {
  const { exit, explain, kind, title } = ERROR_CATALOGUE[code];
  const mends = {
    user: 'you, on the command line or in a file',
    host: 'whoever runs the host',
    child: 'whoever runs the host',
    bug: "weir's developers",
  };
  return `${code}: ${title}\n\n${wrapText(explain, HELP_WIDTH).join('\n')}\n\nExit code: ${exit} (${EXIT_CODES[exit]})\nWho can mend it: ${mends[kind]}\n`;
}
