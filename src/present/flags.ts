import type { Interfaces } from '@oclif/core';
import * as Flags from '@oclif/core/flags';
import { DURATION_FORM, formatDuration, parseDuration } from '../config/duration.ts';
import { WeirError } from '../errors/weir-error.ts';

/** `--netns`, for commands that touch the host's network: `static flags = { netns: netnsFlag() }`. */
export const netnsFlag = () =>
  Flags.string({
    helpValue: 'NAME|PID|PATH',
    summary: 'Work in this network namespace: a name of `ip netns`, a process number, or a path.',
  });

/** What a command says about a flag that takes a duration. */
export interface DurationFlagOptions {
  readonly summary: string;
  /** Milliseconds. */
  readonly default?: number;
  /** The shortest that makes sense, in milliseconds; 0 if omitted. */
  readonly min?: number;
  /** How the help writes the default, if not as the shortest duration. */
  readonly defaultHelp?: () => Promise<string>;
  readonly char?: Interfaces.AlphabetLowercase;
  readonly hidden?: boolean;
}

/** A flag that takes a duration (`500ms`, `15s`, `2m`); its parsed value is in milliseconds. */
export function durationFlag(
  options: DurationFlagOptions & { readonly default: number },
): Interfaces.OptionFlag<number>;
/** Without a default its value is undefined where the flag is not given. */
export function durationFlag(options: DurationFlagOptions): Interfaces.OptionFlag<number | undefined>;
/** Throws WEIR1002 (exit 2) while parsing, for what is no duration and for one below `min`. */
export function durationFlag(
  options: DurationFlagOptions,
): Interfaces.OptionFlag<number> | Interfaces.OptionFlag<number | undefined> {
  const { default: ms, defaultHelp, min = 0, ...rest } = options;
  return Flags.custom<number>({
    helpValue: 'DURATION',
    parse: async (input: string, _context: unknown, { name }: { name: string }) => {
      const parsed = parseDuration(input);
      if (parsed !== null && parsed >= min) return parsed;
      throw wrongFlagValue(
        name,
        input,
        min === 0 ? DURATION_FORM : `${DURATION_FORM}; at least ${formatDuration(min)}`,
      );
    },
    ...rest,
    // oclif keeps what the function gives in the manifest, and shows it in the help.
    ...(ms === undefined ? {} : { default: ms, defaultHelp: defaultHelp ?? (async () => formatDuration(ms)) }),
  })();
}

/** The error for a flag whose value has the wrong form: names the flag, what it got and what it takes (WEIR1002, exit 2). */
export function wrongFlagValue(flag: string, got: string, takes: string): WeirError {
  return new WeirError('WEIR1002', {
    what: `--${flag} got ${JSON.stringify(got)}`,
    why: `--${flag} takes ${takes}`,
    hint: `give --${flag} in that form`,
  });
}
