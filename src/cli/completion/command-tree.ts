/** The command line as a tree, from which completion scripts are made. */
import type { Interfaces } from '@oclif/core';
import type { NameKind } from './name-lookup.ts';

/** A flag as a completion script needs it. */
export interface CompletionFlag {
  readonly name: string;
  readonly char: string | undefined;
  readonly summary: string;
  readonly takesValue: boolean;
  /** The values it takes, where they are fixed. */
  readonly values: readonly string[];
  /** What its value names, where names can be looked up. */
  readonly names?: NameKind;
}

/** A place on the command line: the root, a topic or a command. */
export interface CompletionNode {
  /** `''` for the root, `/config/check` for `weir config check`. */
  readonly path: string;
  /** The words that may follow: commands with their summaries, and values of arguments where they are fixed. */
  readonly next: readonly { readonly word: string; readonly summary: string }[];
  readonly flags: readonly CompletionFlag[];
  /** What the words of a command name, where names can be looked up. */
  readonly names?: NameKind;
}

/** All places of weir's command line, the root first; hidden commands and flags are left out. */
export function buildCompletionTree(config: Pick<Interfaces.Config, 'commands' | 'topics'>): CompletionNode[] {
  const commands = config.commands.filter(({ hidden }) => hidden !== true);
  const paths = new Set(['']);
  for (const { id } of commands) {
    const words = id.split(':');
    for (const index of words.keys()) paths.add(`/${words.slice(0, index + 1).join('/')}`);
  }
  const summaryOf = (path: string) => {
    const id = path.slice(1).replaceAll('/', ':');
    const found = commands.find((command) => command.id === id) ?? config.topics.find(({ name }) => name === id);
    const text = found === undefined ? '' : 'summary' in found && found.summary ? found.summary : found.description;
    return text?.split('\n')[0] ?? '';
  };
  return [...paths].sort().map((path) => {
    const command = commands.find(({ id }) => `/${id.replaceAll(':', '/')}` === path);
    const below = [...paths].filter((other) => other !== '' && other.slice(0, other.lastIndexOf('/')) === path).sort();
    const words = below.map((other) => ({ word: other.slice(path.length + 1), summary: summaryOf(other) }));
    const values = Object.values(command?.args ?? {}).flatMap(({ options }) => options ?? []);
    const names = command === undefined ? undefined : namesOf(command);
    return {
      path,
      ...(names === undefined ? {} : { names }),
      next: [...words, ...values.map((word) => ({ word, summary: '' }))],
      flags: flagsOf(command),
    };
  });
}

/** What the arguments of a command name, told by what they are called. */
function namesOf({ id, args }: Pick<Interfaces.Config['commands'][number], 'id' | 'args'>): NameKind | undefined {
  const [first] = Object.keys(args);
  if (first === 'app' || first === 'consumer') return 'apps';
  return first === 'name' && id.startsWith('sidecar:') ? 'sidecars' : undefined;
}

function flagsOf(command: { flags: Readonly<Record<string, unknown>> } | undefined): CompletionFlag[] {
  const help = { name: 'help', char: undefined, summary: 'Show the help.', takesValue: false, values: [] };
  const flags = Object.entries((command?.flags ?? {}) as Readonly<Record<string, CachedFlag>>)
    .filter(([, { hidden }]) => hidden !== true)
    .map(([name, { char, options, summary, type }]) => ({
      name,
      char,
      summary: summary ?? '',
      takesValue: type === 'option',
      values: options ?? [],
      ...(name === 'sidecar' && type === 'option' ? { names: 'sidecars' as const } : {}),
    }));
  return [...flags, help].sort((a, b) => a.name.localeCompare(b.name));
}

/** A flag of oclif's manifest. */
interface CachedFlag {
  readonly type: 'boolean' | 'option';
  readonly char?: string;
  readonly hidden?: boolean;
  readonly options?: readonly string[];
  readonly summary?: string;
}
