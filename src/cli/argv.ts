/** Global flags that take a value, and so two words when written without `=`. */
const FLAGS_WITH_VALUE = new Set(['--config', '--run-dir', '--state-dir', '--netns']);

/** What may stand without a command. */
const FLAGS_OF_ROOT = new Set([...FLAGS_WITH_VALUE, '--json', '--verbose', '--help', '-h', '--version']);

/** A command line of weir, taken apart before oclif sees it. */
export interface WeirWords {
  /** The command line with the command's name first, as oclif needs it: `weir --json status` is `weir status --json`. */
  readonly words: readonly string[];
  /** Whether it names a command, or anything in a command's place. */
  readonly hasCommand: boolean;
  /** The words that can name a command: all in front of the first flag. */
  readonly named: readonly string[];
  readonly wantsHelp: boolean;
  readonly wantsVersion: boolean;
  /** Without a command: the first flag that weir itself does not know. */
  readonly unknownFlag: string | undefined;
}

/** Takes a command line apart. What stands after a `--` is never a flag and stays last. */
export function readWeirWords(argv: readonly string[]): WeirWords {
  let count = 0;
  while (argv[count]?.startsWith('-') && argv[count] !== '--') {
    count += FLAGS_WITH_VALUE.has(argv[count] as string) ? 2 : 1;
  }
  const leading = argv.slice(0, count);
  const rest = argv.slice(count);
  const end = rest.indexOf('--') === -1 ? rest.length : rest.indexOf('--');
  const own = [...rest.slice(0, end), ...leading];
  const firstFlag = own.findIndex((word) => word.startsWith('-'));
  const hasCommand = rest.length > 0;
  return {
    words: [...own, ...rest.slice(end)],
    hasCommand,
    named: firstFlag === -1 ? own : own.slice(0, firstFlag),
    wantsHelp: own.includes('--help') || own.includes('-h') || (!hasCommand && !own.includes('--version')),
    wantsVersion: !hasCommand && own.includes('--version'),
    unknownFlag: hasCommand ? undefined : leading.find(isUnknownFlag),
  };
}

function isUnknownFlag(word: string): boolean {
  return word.startsWith('-') && !FLAGS_OF_ROOT.has(word.split('=')[0] ?? '');
}
