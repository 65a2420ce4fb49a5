import * as Flags from '@oclif/core/flags';
import { DURATION_FORM, parseDuration } from '../config/duration.ts';
import { WeirError } from '../errors/weir-error.ts';

/** `--netns`, for commands that touch the host's network: `static flags = { netns: netnsFlag() }`. */
export const netnsFlag = () =>
  Flags.string({
    helpValue: 'NAME|PID|PATH',
    summary: 'Work in this network namespace: a name of `ip netns`, a process number, or a path.',
  });

/** A flag that takes a duration (`500ms`, `15s`, `2m`); its parsed value is in milliseconds. */
export const durationFlag = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: async (input: string, _context: unknown, options: { name: string }) => {
    const ms = parseDuration(input);
    if (ms !== null) return ms;
    throw wrongFlagValue(options.name, input, DURATION_FORM);
  },
});

/** The error for a flag whose value has the wrong form: names the flag, what it got and what it takes (WEIR1002, exit 2). */
export function wrongFlagValue(flag: string, got: string, takes: string): WeirError {
  return new WeirError('WEIR1002', {
    what: `--${flag} got ${JSON.stringify(got)}`,
    why: `--${flag} takes ${takes}`,
    hint: `give --${flag} in that form`,
  });
}
