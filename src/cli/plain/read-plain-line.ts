/** Reads the plain command lines, those that need no help, no guess and no message; oclif reads all others. */

/** The part of oclif's definition of a flag that is understood here. */
export interface PlainFlag {
  readonly type: 'boolean' | 'option';
  readonly default?: unknown;
  readonly env?: string | undefined;
  readonly options?: readonly string[] | undefined;
  readonly multiple?: boolean | undefined;
  readonly parse?: unknown;
}

/** The same of a positional argument. */
export interface PlainArg {
  readonly parse?: unknown;
}

/** The definitions of a command. */
export interface PlainDefinitions {
  readonly args: Readonly<Record<string, PlainArg>>;
  readonly baseFlags: Readonly<Record<string, PlainFlag>>;
  readonly flags: Readonly<Record<string, PlainFlag>>;
  readonly strict: boolean;
}

/** A line as oclif's parser gives it. */
export interface PlainLine {
  readonly args: Readonly<Record<string, unknown>>;
  readonly argv: readonly unknown[];
  readonly flags: Readonly<Record<string, unknown>>;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** Definitions that say more than is understood here. */
const UNKNOWN_PARTS = [
  ...['required', 'allowNo', 'aliases', 'delimiter', 'allowStdin', 'dependsOn', 'exclusive', 'exactlyOne'],
  ...['atLeastOne', 'combinable', 'relationships', 'multipleNonGreedy', 'deprecated', 'deprecateAliases'],
];

/**
 * Names, and flags that are spelled out, each once: what oclif's parser gives for such a line. Null for everything else:
 * help, mistakes, `--`, short flags, lists, empty values, values that begin with a dash.
 */
export async function readPlainLine(
  command: PlainDefinitions,
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<PlainLine | null> {
  const known = { ...command.baseFlags, ...command.flags };
  const read = readWords(known, words);
  if (read === null) return null;
  const { names, given } = read;
  const keys = Object.keys(command.args);
  if (command.strict && names.length > keys.length) return null;
  if (Object.values(command.args).some((arg) => hasAny(arg, ['required', 'multiple', 'options', 'default'])))
    return null;
  const args: Record<string, unknown> = {};
  const flags: Record<string, unknown> = {};
  try {
    for (const [at, [name, arg]] of Object.entries(command.args).entries())
      if (names[at] !== undefined) args[name] = await parsed(arg, name, names[at]);
    for (const [name, flag] of Object.entries(known)) {
      if (hasAny(flag, UNKNOWN_PARTS) || typeof flag.default === 'function') return null;
      const value = await flagValue(name, flag, given, env);
      if (value !== undefined) flags[name] = value;
    }
  } catch {
    // A value of the wrong form: oclif's reading of the line tells it.
    return null;
  }
  return { args, argv: [...Object.values(args), ...names.slice(keys.length)], flags };
}

function readWords(
  known: Readonly<Record<string, PlainFlag>>,
  words: readonly string[],
): { readonly names: readonly string[]; readonly given: ReadonlyMap<string, string | true> } | null {
  const names: string[] = [];
  const given = new Map<string, string | true>();
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (NAME.test(word) && !names.includes(word)) names.push(word);
    else {
      const [, name = '', own] = /^--([a-z][a-z-]*)(?:=([\s\S]+))?$/.exec(word) ?? [];
      const flag = Object.hasOwn(known, name) ? known[name] : undefined;
      if (flag === undefined || flag.multiple === true || given.has(name)) return null;
      if (flag.type === 'boolean' && own !== undefined) return null;
      const value = flag.type === 'boolean' ? true : (own ?? rest.shift());
      if (value === undefined || value === '' || (value !== true && value.startsWith('-'))) return null;
      given.set(name, value);
    }
  }
  return { names, given };
}

/** The given value, else that of the environment, else the default. Throws what does not fit. */
async function flagValue(
  name: string,
  flag: PlainFlag,
  given: ReadonlyMap<string, string | true>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<unknown> {
  const input = given.get(name) ?? (flag.env === undefined ? undefined : env[flag.env] || undefined);
  if (input === undefined) return flag.default;
  if (input === true) return true;
  if (flag.type === 'boolean' || (flag.options !== undefined && !flag.options.includes(input)))
    throw new TypeError(`--${name} takes another value`);
  return await parsed(flag, name, input);
}

async function parsed(definition: PlainFlag | PlainArg, name: string, input: string): Promise<unknown> {
  return typeof definition.parse === 'function' ? await definition.parse(input, {}, { ...definition, name }) : input;
}

function hasAny(definition: object, parts: readonly string[]): boolean {
  return parts.some((part) => Boolean(Reflect.get(definition, part)));
}
