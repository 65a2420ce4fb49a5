/** Finds and runs the command that a command line names. */
import type { Interfaces } from '@oclif/core';
import { Config } from '@oclif/core/config';
import { normalizeArgv } from '@oclif/core/help';
import { WeirError } from '../errors/weir-error.ts';
// Every command loads it anyway; named here it shares one file of the bundle with what this file loads.
import './base-command.ts';
import { readWeirWords, type WeirWords } from './argv.ts';
import { CommandOutput } from './command-output.ts';
import { type EmbeddedCommands, pluginOf } from './embedded-commands.ts';
import { toWeirError } from './to-weir-error.ts';

/** Where weir is installed, and for people who work on it how to run from src/ (see bin/dev.js). */
export interface CliOptions {
  /** The folder of package.json. */
  readonly root: string;
  readonly pjson?: Interfaces.PJSON;
  readonly ignoreManifest?: boolean;
  /** The commands of a weir that has no files of its own. */
  readonly embedded?: EmbeddedCommands;
}

/**
 * Finds and runs the command that a command line names, or prints its help. Resolves to the exit code; never throws.
 * It stands in for oclif's own `run`, whose help, version and errors would go to stdout as text under `--json` too.
 */
export async function runCli(argv: readonly string[], { embedded, ...options }: CliOptions): Promise<number> {
  const output = CommandOutput.fromArgv(argv, { verbose: false });
  let version = 'unknown';
  try {
    // Plugins of a home directory must never run with the rights of the operator.
    const plugins = embedded === undefined ? {} : { plugins: await pluginOf(options.root, embedded) };
    const config = await Config.load({ ...options, ...plugins, devPlugins: false, userPlugins: false });
    version = config.version;
    return await runLine(readWeirWords(argv), config, output);
  } catch (thrown) {
    const error = toWeirError(thrown, { argv, weirVersion: version });
    output.failure(error);
    return error.exit;
  }
}

async function runLine(line: WeirWords, config: Config, output: CommandOutput): Promise<number> {
  if (line.unknownFlag !== undefined) throw unknownFlag(line.unknownFlag);
  if (line.wantsVersion) {
    output.result({ result: { version: config.version }, text: () => config.version });
    return 0;
  }
  if (line.wantsHelp) return await printHelp(line.named, config, output);
  const [id = '', ...rest] = normalizeArgv(config, [...line.words]);
  const command = config.findCommand(id);
  if (command !== undefined) return await config.runCommand<number>(id, rest, command);
  // `weir config` alone asks what there is under it.
  if (config.findTopic(line.named.join(':')) !== undefined) return await printHelp(line.named, config, output);
  // A command that takes no words, or fewer, says so itself.
  for (let count = line.named.length - 1; count > 0; count -= 1) {
    const known = config.findCommand(line.named.slice(0, count).join(':'));
    if (known !== undefined) return await config.runCommand<number>(known.id, line.words.slice(count), known);
  }
  throw await unknownCommand(line, config);
}

async function printHelp(named: readonly string[], config: Config, output: CommandOutput): Promise<number> {
  const { renderHelp } = await import('./help.ts');
  const text = await renderHelp(named, config);
  if (text === undefined) throw await unknownCommand({ named }, config);
  output.result({ result: { help: text }, text: () => text });
  return 0;
}

function unknownFlag(flag: string): WeirError {
  return new WeirError('WEIR1001', {
    what: `weir has no flag ${flag}`,
    why: 'without a command weir takes its global flags, --help and --version',
    hint: 'name a command first; see all commands with `weir --help`',
  });
}

async function unknownCommand({ named }: Pick<WeirWords, 'named'>, config: Config): Promise<WeirError> {
  const { findClosestCommand } = await import('./closest-name.ts');
  const all = config.commands.filter(({ hidden }) => !hidden).map(({ id }) => id.replaceAll(':', ' '));
  const [topic = ''] = named;
  const ofTopic = all.filter((name) => name.startsWith(`${topic} `));
  const closest = findClosestCommand(named, ofTopic.length > 0 ? ofTopic : all);
  const help = ofTopic.length > 0 ? `weir ${topic} --help` : 'weir --help';
  return new WeirError('WEIR1003', {
    what: `weir has no command ${JSON.stringify(named.join(' '))}`,
    why: 'the first words of a command line name the command',
    hint: closest === undefined ? `see all commands with \`${help}\`` : `did you mean \`weir ${closest}\`?`,
  });
}
