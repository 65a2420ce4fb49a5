/** The commands as pages, from oclif.manifest.json: one a topic. */
import type { ManCommand, ManFlag, ManManifest } from '../../man/man-page.ts';
import { cell, cellCode, fence, table } from './text.ts';

/** What the pages are made from beside the commands: the topics of package.json. */
export type Topics = Readonly<Record<string, { readonly description: string }>>;

/** The pages by file name; `index.md` lists all commands. */
export function commandPages(manifest: ManManifest, topics: Topics): Map<string, string> {
  const commands = Object.entries(manifest.commands)
    .filter(([, { hidden }]) => hidden !== true)
    .sort(([a], [b]) => a.localeCompare(b));
  const groups = Map.groupBy(commands, ([id]) => (id.includes(':') ? (id.split(':')[0] ?? '') : ''));
  const names = [...groups.keys()].sort();
  const pages = names.map((group) => [fileOf(group), groupPage(group, groups.get(group) ?? [], topics)] as const);
  return new Map([['index.md', indexPage(names, groups, topics, commands)], ...pages]);
}

function fileOf(group: string): string {
  return group === '' ? 'weir.md' : `weir-${group}.md`;
}

function indexPage(
  names: readonly string[],
  groups: ReadonlyMap<string, readonly [string, ManCommand][]>,
  topics: Topics,
  commands: readonly [string, ManCommand][],
): string {
  const sections = names.flatMap((group) => [
    `## ${titleOf(group)}`,
    '',
    topics[group]?.description ?? 'One host: on, off, and what is the state.',
    '',
    ...table(
      ['command', 'does'],
      (groups.get(group) ?? []).map(([id, { summary = '' }]) => {
        return [`[\`${wordsOf(id)}\`](${fileOf(group)}#${wordsOf(id).replaceAll(' ', '-')})`, cell(summary)];
      }),
    ),
    '',
  ]);
  const globals = Object.entries(commands[0]?.[1].flags ?? {}).filter(([, { helpGroup }]) => helpGroup === 'GLOBAL');
  return [
    ...['# Commands', '', '`weir help COMMAND` prints the same on a terminal.', ''],
    ...sections,
    ...['## Flags of every command', '', ...table(['flag', 'does'], flagRows(globals)), ''],
  ].join('\n');
}

function groupPage(group: string, commands: readonly [string, ManCommand][], topics: Topics): string {
  const intro = topics[group]?.description ?? 'Commands of one host.';
  const sections = commands.flatMap(([id, command]) => commandSection(id, command));
  const globals = 'Every command also takes the [flags of every command](index.md#flags-of-every-command).';
  return [`# ${titleOf(group)}`, '', intro, '', globals, '', ...sections].join('\n');
}

function commandSection(id: string, { args, description, examples, flags, strict, summary }: ManCommand): string[] {
  const words = Object.entries(args).map(([name, { required }]) => {
    const word = `${name.toUpperCase()}${strict === false ? '...' : ''}`;
    return required ? word : `[${word}]`;
  });
  const own = Object.entries(flags).filter(([, { helpGroup, hidden }]) => helpGroup !== 'GLOBAL' && hidden !== true);
  const rows = Object.entries(args).map(([name, arg]) => [cellCode(name.toUpperCase()), cell(arg.description ?? '')]);
  const shown = (examples ?? []).map((one) => {
    const text = typeof one === 'string' ? one : `# ${one.description}\n${one.command}`;
    return text.replaceAll('<%= config.bin %>', 'weir');
  });
  return [
    ...[`## ${wordsOf(id)}`, '', summary ?? '', ''],
    ...[...fence([wordsOf(id), ...words, ...(own.length > 0 ? ['[FLAG...]'] : [])].join(' ')), ''],
    ...(description === undefined ? [] : [escapeProse(description.replaceAll('\n', '\n\n')), '']),
    ...(rows.length + own.length === 0 ? [] : [...table(['word', 'is'], [...rows, ...flagRows(own)]), '']),
    ...(shown.length === 0 ? [] : ['Examples:', '', ...fence(shown.join('\n')), '']),
  ];
}

function flagRows(flags: readonly [string, ManFlag][]): string[][] {
  return flags.map(([name, flag]) => {
    const value = flag.helpValue ?? flag.options?.join('|') ?? 'VALUE';
    const names = `${flag.char === undefined ? '' : `-${flag.char}, `}--${name}`;
    const notes = [
      ...(flag.default === undefined ? [] : [`default ${cellCode(String(flag.default))}`]),
      ...(flag.env === undefined ? [] : [`environment ${cellCode(flag.env)}`]),
    ];
    return [
      cellCode(flag.type === 'option' ? `${names}=${value}` : names),
      `${cell(flag.summary ?? '')}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`,
    ];
  });
}

function titleOf(group: string): string {
  return group === '' ? 'weir' : `weir ${group} ...`;
}

function wordsOf(id: string): string {
  return `weir ${id.replaceAll(':', ' ')}`;
}

/** What Markdown would take for a tag stays text. */
function escapeProse(text: string): string {
  return text.replaceAll(/<(?=[a-z/])/gi, '\\<');
}
