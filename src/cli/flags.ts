/** Flags that several commands share. */
import type { Interfaces } from '@oclif/core';
import * as Flags from '@oclif/core/flags';
import { WeirError } from '../errors/weir-error.ts';
import { BYTE_SIZE_FORM, parseByteSize } from '../platform/byte-size.ts';
import { DURATION_FORM, formatDuration, parseDuration } from '../platform/duration.ts';

/** `--netns`, for commands that touch the host's network: `static flags = { netns: netnsFlag() }`. */
export const netnsFlag = () =>
  Flags.string({
    helpValue: 'NAME|PID|PATH',
    summary: 'Work in this network namespace: a name of `ip netns`, a process number, or a path.',
  });

/** `--metrics-file`, for long-lived programs. */
export const metricsFileFlag = Flags.string({
  helpValue: 'FILE',
  summary: "Keep metrics there for node_exporter's textfile collector; ends in .prom.",
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
      const form = min === 0 ? DURATION_FORM : `${DURATION_FORM}; at least ${formatDuration(min)}`;
      throw wrongFlagValue(name, input, form, durationMeant(input, min));
    },
    ...rest,
    // oclif keeps what the function gives in the manifest, and shows it in the help.
    ...(ms === undefined ? {} : { default: ms, defaultHelp: defaultHelp ?? (async () => formatDuration(ms)) }),
  })();
}

/** A flag that takes a size (`200MiB`); its parsed value is in bytes. Throws WEIR1002 (exit 2) while parsing. */
export function sizeFlag({ summary }: { readonly summary: string }): Interfaces.OptionFlag<number | undefined> {
  return Flags.custom<number>({
    summary,
    helpValue: 'SIZE',
    parse: async (input: string, _context: unknown, { name }: { name: string }) => {
      const bytes = parseByteSize(input);
      if (bytes !== null) return bytes;
      throw wrongFlagValue(name, input, BYTE_SIZE_FORM);
    },
  })();
}

/** Units as people write them, by the one that a duration takes. */
const WRITTEN_UNITS: Readonly<Record<string, string>> = {
  '': 's',
  millis: 'ms',
  s: 's',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  hour: 'h',
  hours: 'h',
};

/** The duration that was most likely meant by `60`, `5 min` or `1.5s`; null when none was. A bare number counts seconds. */
function durationMeant(input: string, min: number): string | null {
  const [, number = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\.?\s*$/i.exec(input) ?? [];
  const lower = unit.toLowerCase();
  const taken = WRITTEN_UNITS[lower] ?? lower;
  const perUnit = parseDuration(`1${taken}`);
  if (number === '' || perUnit === null) return null;
  const ms = Math.round(Number(number) * perUnit);
  const text = number.includes('.') ? formatDuration(ms) : `${number}${taken}`;
  return ms >= min && parseDuration(text) !== null ? text : null;
}

/**
 * The error for a flag whose value has the wrong form: names the flag, what it got and what it takes (WEIR1002, exit 2).
 * `meant` is the value that was most likely meant.
 */
export function wrongFlagValue(flag: string, got: string, takes: string, meant: string | null = null): WeirError {
  return new WeirError('WEIR1002', {
    what: `--${flag} got ${JSON.stringify(got)}`,
    why: `--${flag} takes ${takes}`,
    hint: meant === null ? `give --${flag} in that form` : `say --${flag} ${meant}`,
  });
}
