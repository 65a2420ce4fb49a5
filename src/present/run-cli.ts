import type { Interfaces } from '@oclif/core';
import { Config } from '@oclif/core/config';
import { normalizeArgv } from '@oclif/core/help';
import { WeirError } from '../errors/weir-error.ts';
import { moveLeadingFlags } from './argv.ts';
import { CommandOutput } from './command-output.ts';
import { toWeirError } from './to-weir-error.ts';

/** Where weir is installed, and for people who work on it how to run from src/ (see bin/dev.js). */
export interface CliOptions {
  /** The folder of package.json. */
  readonly root: string;
  readonly pjson?: Interfaces.PJSON;
  readonly ignoreManifest?: boolean;
}

/** Finds and runs the command that a command line names, or prints its help. Resolves to the exit code; never throws. */
export async function runCli(argv: readonly string[], options: CliOptions): Promise<number> {
  const output = CommandOutput.fromArgv(argv.filter((argument) => argument !== '--verbose'));
  let version = 'unknown';
  try {
    const config = await Config.load({ ...options });
    version = config.version;
    const words = moveLeadingFlags(argv);
    if (isHelpRequest(words)) return await printHelp(words, config, output);
    const [id = '', ...rest] = normalizeArgv(config, [...words]);
    const command = config.findCommand(id);
    if (command !== undefined) return await config.runCommand<number>(id, rest, command);
    if (config.findTopic(id) !== undefined && rest.every((word) => word.startsWith('-'))) {
      return await printHelp(words, config, output);
    }
    throw await unknownCommand(words, config);
  } catch (thrown) {
    const error = toWeirError(thrown, { argv, command: undefined, weirVersion: version });
    output.failure(error);
    return error.exit;
  }
}

function isHelpRequest(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  return own.includes('--help') || own.every((word) => word.startsWith('-'));
}

async function printHelp(words: readonly string[], config: Config, output: CommandOutput): Promise<number> {
  const { renderHelp } = await import('./help.ts');
  const named = words.filter((word) => !word.startsWith('-'));
  const text = await renderHelp(named, config);
  if (text === undefined) throw await unknownCommand(named, config);
  output.result({ result: { help: text }, text: () => text });
  return 0;
}

async function unknownCommand(words: readonly string[], config: Config): Promise<WeirError> {
  const { findClosestCommand } = await import('./closest-command.ts');
  const typed = words.filter((word) => !word.startsWith('-'));
  const names = config.commands.filter(({ hidden }) => !hidden).map(({ id }) => id.replaceAll(':', ' '));
  const closest = findClosestCommand(typed, names);
  return new WeirError('WEIR1003', {
    what: `weir has no command ${JSON.stringify(typed.join(' '))}`,
    why: 'the first words of a command line name the command',
    hint: closest === undefined ? 'see all commands with `weir --help`' : `did you mean \`weir ${closest}\`?`,
  });
}
