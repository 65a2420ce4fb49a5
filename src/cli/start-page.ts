/** The first page, which `weir` and `weir --help` print: without oclif, which takes longer to load than a Node to start. */
import { styleText } from 'node:util';
import { proseColumns, terminalColumns } from './terminal.ts';
import { wrapText } from './wrap-text.ts';

/** Somebody who opens this page at night wants these lines and no others. */
const INCIDENT = `IF SOMETHING IS WRONG NOW
  weir status             what is on, what is wrong, and the next command
  weir off APP            new connections of APP go direct at once (or --all)
  sh /run/weir/off.sh     the same without weir, when it cannot run
`;

/** Commands by what they are for, in the order in which somebody needs them; each has a line. */
const TASKS: readonly (readonly [title: string, commands: readonly string[]])[] = [
  ['TO BEGIN', ['tour', 'check']],
  ['TO SWITCH APPLICATIONS', ['plan', 'on', 'confirm', 'off', 'status', 'verify', 'uninstall']],
];

const MORE = 'MORE (`weir help TOPIC`; also exit-codes, errors, mesh-yaml, a code)';

/** Topics, and commands without a line of their own, by what they are for. */
const SHELVES: readonly (readonly [title: string, names: readonly string[]])[] = [
  ['sidecars, mesh.yaml', ['sidecar', 'discovery', 'config']],
  ['many hosts', ['fleet', 'host', 'operator', 'console']],
  ['rules, numbers', ['rules', 'metrics']],
  ['weir itself', ['help', 'completion', 'support', 'version']],
];

/** Columns below which lists are not made any narrower. */
const FEWEST_COLUMNS = 40;

/** What weir is and has: the parts of package.json and oclif.manifest.json that the page shows. */
export interface StartPageFacts {
  readonly version: string;
  readonly description: string;
  /** One line each, by name. */
  readonly topics: ReadonlyMap<string, string>;
  readonly commands: ReadonlyMap<string, string>;
}

/** The facts by the two files. Commands of a topic are on the topic's own page. */
export function startPageFacts(
  pjson: {
    readonly version: string;
    readonly description: string;
    readonly oclif: { readonly topics: Readonly<Record<string, { readonly description: string }>> };
  },
  manifest: { readonly commands: Readonly<Record<string, { readonly summary?: string; readonly hidden?: boolean }>> },
): StartPageFacts {
  const own = Object.entries(manifest.commands).filter(([id, { hidden }]) => !id.includes(':') && hidden !== true);
  return {
    version: pjson.version,
    description: pjson.description,
    topics: new Map(Object.entries(pjson.oclif.topics).map(([name, { description }]) => [name, description])),
    commands: new Map(own.map(([id, { summary = '' }]) => [id, summary])),
  };
}

/** The page for stdout: one screen of 80 columns and 24 lines. */
export function startPage({ version, description, topics, commands }: StartPageFacts): string {
  const tasks = TASKS.map(([title, names]) => section(title, list(pick(commands, names))));
  const known = new Set([...TASKS, ...SHELVES].flatMap(([, names]) => names));
  const others = [...topics.keys(), ...commands.keys()].filter((name) => !known.has(name));
  const shelves = [...SHELVES, ['others', others] as const].flatMap(([title, names]) => {
    const there = names.filter((name) => topics.has(name) || commands.has(name));
    return there.length === 0 ? [] : [[title, there.join(', ')] as const];
  });
  const sections = [...tasks, section(MORE, list(new Map(shelves)))];
  const [what] = description.split(',');
  return `${prose(INCIDENT)}\n${prose(`weir ${version}: ${what}\n`)}\n${sections.join('')}`;
}

/** Entries in the order of the names. */
function pick(entries: ReadonlyMap<string, string>, names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.flatMap((name) => (entries.has(name) ? [[name, entries.get(name) ?? '']] : [])));
}

function section(title: string, lines: readonly string[]): string {
  return `${strong(title)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Names and texts in two columns. */
function list(entries: ReadonlyMap<string, string>): string[] {
  const names = [...entries.keys()];
  const width = Math.max(...names.map((name) => name.length));
  return names.flatMap((name) => {
    const left = room() - width - 2;
    const whole = (entries.get(name) ?? '').replace(/\.$/, '');
    // What a second clause adds stands on the command's own page.
    const [first = '', ...rest] = wrapText(whole.length > left ? whole.replace(/, and .*$/, '') : whole, left);
    return [`${name.padEnd(width)}  ${first}`.trimEnd(), ...rest.map((line) => `${' '.repeat(width)}  ${line}`)];
  });
}

/** Columns beside the indent. */
function room(): number {
  return Math.max(FEWEST_COLUMNS, terminalColumns()) - 2;
}

function prose(text: string): string {
  const width = proseColumns('stdout');
  return text
    .split('\n')
    .flatMap((line) => (line.length > width ? wrapText(line, width) : [line]))
    .join('\n');
}

/** Not by chalk, which takes a third of a Node's start to load. */
function strong(text: string): string {
  const isStyled = process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';
  return isStyled || (process.env.FORCE_COLOR ?? '0') !== '0'
    ? styleText('bold', text, { validateStream: false })
    : text;
}
