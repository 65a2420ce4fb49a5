/** The flags of `weir fleet on|off`, and the request that they make. */
import * as Flags from '@oclif/core/flags';
import { durationFlag, wrongFlagValue } from '../../cli/flags.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { parseDuration } from '../../platform/duration.ts';
import { readTime } from '../model/fields.ts';
import type { FleetSwitch } from '../usecases/switch-apps.ts';
import { SWITCH_ALL } from '../usecases/write-switch.ts';
import { reasonFlag } from './fleet-command.ts';

/** The flags. */
export const fleetSwitchFlags = {
  all: Flags.boolean({ summary: `The red button: MeshPolicy/${SWITCH_ALL}, above everything.` }),
  hosts: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
    helpValue: 'NAME|LABEL=VALUE',
    summary: 'Only these hosts: names, and labels that must all match.',
  }),
  percent: Flags.string({ helpValue: 'N', summary: 'Only this share of hosts, 0 to 100, by a stable hash.' }),
  until: Flags.string({ helpValue: 'DURATION|TIME', summary: 'It ends then by itself: 2h, or 2030-01-01T00:00:00Z.' }),
  reason: reasonFlag,
  wait: Flags.boolean({ summary: 'Wait until every host has confirmed; else exit 6.' }),
  timeout: durationFlag({ default: 60_000, summary: 'How long --wait waits.' }),
  'dry-run': Flags.boolean({ summary: 'List the hosts and write nothing.' }),
};

/** The parsed flags. */
export interface FleetSwitchFlags {
  readonly all?: boolean;
  readonly hosts?: readonly string[] | undefined;
  readonly percent?: string | undefined;
  readonly until?: string | undefined;
  readonly reason?: string | undefined;
  readonly wait?: boolean;
  /** In milliseconds. */
  readonly timeout: number;
  readonly 'dry-run'?: boolean;
}

/** The request of a command line. Throws WEIR1002 for values of the wrong form, and when no application is named. */
export function switchRequest(
  action: 'on' | 'off',
  words: readonly string[],
  flags: FleetSwitchFlags,
  nowMs: number,
): Omit<FleetSwitch, 'regions' | 'signal'> {
  const isAll = flags.all === true;
  if (isAll !== (words.length === 0)) {
    throw new WeirError('WEIR1002', {
      what: isAll ? `--all and ${words.join(' ')} are both given` : `\`weir fleet ${action}\` names no application`,
      why: 'it takes applications, or --all for every one',
      hint: `say weir fleet ${action} APP, or weir fleet ${action} --all`,
    });
  }
  const narrowing = (['hosts', 'percent', 'until'] as const).find((flag) => flags[flag] !== undefined);
  if (isAll && action === 'on' && narrowing !== undefined) {
    throw new WeirError('WEIR1002', {
      what: `\`weir fleet on --all\` takes no --${narrowing}`,
      why: 'it releases the red button of a whole region and switches nothing on itself; a rule for some hosts would',
      hint: `leave --${narrowing} out, or name applications: weir fleet on APP --${narrowing} ...`,
    });
  }
  return {
    action,
    apps: isAll ? 'all' : [...new Set(words)],
    hosts: (flags.hosts ?? []).filter((host) => host !== ''),
    percent: flags.percent === undefined ? null : percentOf(flags.percent),
    until: flags.until === undefined ? null : untilOf(flags.until, nowMs),
    reason: flags.reason ?? null,
    dryRun: flags['dry-run'] === true,
    waitMs: flags.wait === true ? flags.timeout : null,
  };
}

function percentOf(text: string): number {
  const percent = /^\d+(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (percent >= 0 && percent <= 100) return percent;
  throw wrongFlagValue('percent', text, 'a number from 0 to 100');
}

function untilOf(text: string, nowMs: number): string {
  const ms = parseDuration(text);
  const at = ms !== null ? nowMs + ms : 'value' in readTime(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw wrongFlagValue('until', text, 'a duration such as 2h, or a time such as 2030-01-01T00:00:00Z');
  if (at <= nowMs) throw wrongFlagValue('until', text, 'a time to come');
  return new Date(at).toISOString();
}
