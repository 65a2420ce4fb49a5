/** What scripts of other people can rely on in one command. */
interface CommandShape {
  readonly args: readonly string[];
  readonly aliases: readonly string[];
  readonly flags: Readonly<Record<string, string>>;
}

/** The part of oclif.manifest.json that makes the surface. */
interface Manifest {
  readonly commands: Readonly<Record<string, ManifestCommand>>;
}
interface ManifestCommand {
  readonly hidden?: boolean;
  readonly aliases: readonly string[];
  readonly args: Readonly<Record<string, { required?: boolean }>>;
  readonly flags: Readonly<Record<string, ManifestFlag>>;
}
interface ManifestFlag {
  readonly type: 'boolean' | 'option';
  readonly char?: string;
  readonly required?: boolean;
  readonly multiple?: boolean;
  readonly options?: readonly string[];
  readonly allowNo?: boolean;
}

/** Reduces a manifest to names, arguments, flags, chars and aliases: what must not change without being noticed. */
export function commandSurface(manifest: Manifest): Record<string, CommandShape> {
  const visible = Object.entries(manifest.commands).filter(([, { hidden }]) => hidden !== true);
  return Object.fromEntries(
    visible
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([id, command]) => [id.replaceAll(':', ' '), shape(command)]),
  );
}

function shape({ aliases, args, flags }: ManifestCommand): CommandShape {
  const sorted = Object.entries(flags).toSorted(([a], [b]) => a.localeCompare(b));
  return {
    args: Object.entries(args).map(([name, { required }]) => (required ? name : `[${name}]`)),
    aliases,
    flags: Object.fromEntries(sorted.map(([name, flag]) => [flagName(name, flag), flagShape(flag)])),
  };
}

function flagName(name: string, { char, allowNo }: ManifestFlag): string {
  return `${char === undefined ? '' : `-${char}, `}--${allowNo ? '[no-]' : ''}${name}`;
}

function flagShape({ type, required, multiple, options }: ManifestFlag): string {
  const value = type === 'boolean' ? 'boolean' : (options?.join('|') ?? 'value');
  return `${value}${multiple ? ', repeatable' : ''}${required ? ', required' : ''}`;
}
