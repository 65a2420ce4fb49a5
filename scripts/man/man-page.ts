import { EXIT_CODES } from '../../src/errors/exit-codes.ts';

/** The part of oclif.manifest.json that the man page shows. */
export interface ManManifest {
  readonly version: string;
  readonly commands: Readonly<Record<string, ManCommand>>;
}
/** A command of the manifest. */
export interface ManCommand {
  readonly hidden?: boolean;
  readonly summary?: string;
  readonly description?: string;
  readonly strict?: boolean;
  readonly examples?: readonly (string | { readonly description: string; readonly command: string })[];
  readonly args: Readonly<Record<string, { required?: boolean; description?: string }>>;
  readonly flags: Readonly<Record<string, ManFlag>>;
}
/** A flag of a command. */
export interface ManFlag {
  readonly type: 'boolean' | 'option';
  readonly char?: string;
  readonly hidden?: boolean;
  readonly summary?: string;
  readonly default?: unknown;
  readonly env?: string;
  readonly options?: readonly string[];
  readonly helpValue?: string;
  readonly helpGroup?: string;
}

/** No hyphens and no wide gaps: a name that is broken cannot be copied. */
const UNBROKEN_WORDS = ['.nh', '.ad l'];

/** The manual page weir(1) as roff, from the manifest; the same text for the same input. */
export function renderManPage(manifest: ManManifest, description: string): string {
  const commands = Object.entries(manifest.commands)
    .filter(([, { hidden }]) => hidden !== true)
    .sort(([a], [b]) => a.localeCompare(b));
  const globals = Object.entries(commands[0]?.[1].flags ?? {}).filter(([, { helpGroup }]) => helpGroup === 'GLOBAL');
  return [
    `.TH WEIR 1 "" "weir ${manifest.version}" "User Commands"`,
    ...UNBROKEN_WORDS,
    '.SH NAME',
    `weir \\- ${escapeRoff(description)}`,
    '.SH SYNOPSIS',
    '.B weir',
    '\\fICOMMAND\\fR [\\fIARGUMENT\\fR...] [\\fIFLAG\\fR...]',
    '.SH COMMANDS',
    ...commands.flatMap(([id, command]) => commandSection(id, command)),
    '.SH GLOBAL FLAGS',
    ...globals.flatMap(([name, flag]) => flagEntry(name, flag)),
    '.SH EXIT STATUS',
    ...Object.entries(EXIT_CODES).flatMap(([code, meaning]) => ['.TP', `.B ${code}`, escapeRoff(meaning)]),
    '.SH ERRORS',
    'Each error has a code; \\fBweir help errors\\fR lists them all, \\fBweir help\\fR \\fICODE\\fR explains one.',
    '.SH FILES',
    ...['.TP', '.I /etc/weir/mesh.yaml', 'which applications go through which sidecar'],
    ...['.TP', '.I /run/weir', 'sockets, locks, and the panic button off.sh'],
    ...['.TP', '.I /var/lib/weir', 'what must survive a reboot'],
    '',
  ].join('\n');
}

/** A manual page for each command, weir-COMMAND(1), by file name. */
export function renderCommandPages(manifest: ManManifest): ReadonlyMap<string, string> {
  const commands = Object.entries(manifest.commands).filter(([, { hidden }]) => hidden !== true);
  return new Map(
    commands.map(([id, command]) => {
      const [name, words] = [`weir-${id.replaceAll(':', '-')}`, `weir ${id.replaceAll(':', ' ')}`];
      const [head = '', summary = '', ...rest] = commandSection(id, command);
      const globals = Object.entries(command.flags).filter(([, { helpGroup }]) => helpGroup === 'GLOBAL');
      const text = [
        `.TH ${name.toUpperCase()} 1 "" "weir ${manifest.version}" "User Commands"`,
        ...UNBROKEN_WORDS,
        '.SH NAME',
        `${escapeRoff(name)} \\- ${summary}`,
        '.SH SYNOPSIS',
        head.replace('.SS ', '').replace(words, `\\fB${words}\\fR`),
        '[\\fIFLAG\\fR...]',
        '.SH DESCRIPTION',
        ...(rest.length > 0 ? rest : [summary]),
        '.SH GLOBAL FLAGS',
        ...globals.flatMap(([flag, facts]) => flagEntry(flag, facts)),
        '.SH EXIT STATUS',
        ...Object.entries(EXIT_CODES).flatMap(([code, meaning]) => ['.TP', `.B ${code}`, escapeRoff(meaning)]),
        '.SH SEE ALSO',
        '\\fBweir\\fR(1)',
        '',
      ].join('\n');
      return [`${name}.1`, text];
    }),
  );
}

function commandSection(id: string, { args, description, flags, strict, summary }: ManCommand): string[] {
  const words = Object.entries(args).map(([name, { required }]) => {
    const word = `\\fI${name.toUpperCase()}\\fR${strict === false ? '...' : ''}`;
    return required ? word : `[${word}]`;
  });
  const own = Object.entries(flags).filter(([, { helpGroup, hidden }]) => helpGroup !== 'GLOBAL' && hidden !== true);
  const more = description === undefined ? [] : paragraphs(description);
  return [
    `.SS weir ${id.replaceAll(':', ' ')} ${words.join(' ')}`.trimEnd(),
    escapeRoff(summary ?? ''),
    ...more,
    ...own.flatMap(([name, flag]) => flagEntry(name, flag)),
  ];
}

function flagEntry(name: string, flag: ManFlag): string[] {
  const value = flag.helpValue ?? flag.options?.join('|') ?? 'VALUE';
  const names = `${flag.char === undefined ? '' : `-${flag.char}, `}--${name}`;
  const notes = [
    ...(flag.default === undefined ? [] : [`default: ${flag.default}`]),
    ...(flag.env === undefined ? [] : [`environment: ${flag.env}`]),
  ];
  const summary = `${flag.summary ?? ''}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
  const head =
    flag.type === 'option'
      ? `\\fB${escapeRoff(names)}\\fR=\\fI${escapeRoff(value)}\\fR`
      : `\\fB${escapeRoff(names)}\\fR`;
  return ['.TP', head, escapeRoff(summary)];
}

function paragraphs(text: string): string[] {
  return text.split(/\n\s*\n/).flatMap((part) => ['.PP', escapeRoff(part.replaceAll('\n', ' '))]);
}

// A line that starts with a dot or a quote is a request to roff; `-` is a hyphen there unless escaped.
function escapeRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
}
