import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { record } from '../figure.ts';
import { printTable } from './bench-lab.ts';

/** What is timed, in the order of the table. */
export const CASES = [
  'node -e 0',
  'sh off.sh',
  'weir off',
  'weir on',
  'weir status',
  'weir verify',
  'weir plan',
  'weir --help',
] as const;
export type Case = (typeof CASES)[number];

/**
 * Milliseconds until the first line, until the end, and of processor time, its programs included; and of a switch until it
 * is in the kernel, null where nothing tells.
 */
export interface Sample {
  readonly first: number;
  readonly end: number;
  readonly cpu: number;
  readonly direct: number | null;
}

/** The goals in milliseconds, on a machine on which a bare Node takes `NODE_MS`. */
interface Goal {
  readonly direct?: number;
  readonly first?: number;
  readonly end: number;
  readonly programs?: number;
}

const NODE_MS = 41;
const GOALS: Partial<Record<Case, Goal>> = {
  'weir off': { direct: 60, first: 60, end: 150, programs: 10 },
  'weir on': { end: 500 },
  'weir status': { end: 250 },
  'weir verify': { end: 250 },
  'weir --help': { end: 2 * NODE_MS },
};

/** Samples by command. */
export class Times {
  readonly #samples = new Map<Case, Sample[]>();

  add(name: Case, sample: Sample): void {
    this.#samples.set(name, [...this.of(name), sample]);
  }

  of(name: Case): readonly Sample[] {
    return this.#samples.get(name) ?? [];
  }
}

/** The processor time of all ended children of this process so far, in milliseconds; the kernel counts ten at a time. */
export function childCpuMs(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

/** Prints one table: medians with minima, beside a bare Node in the same rounds, and the goals. */
export function printTimes(
  times: Times,
  about: {
    readonly backend: string;
    readonly apps: number;
    readonly busy: number;
    readonly programs: ReadonlyMap<Case, number>;
  },
): void {
  const node = middle(times.of('node -e 0').map(({ end }) => end));
  const rows = CASES.map((name) => {
    const samples = times.of(name);
    const [firsts, ends] = (['first', 'end'] as const).map((field) => samples.map((sample) => sample[field]));
    const directs = samples.flatMap(({ direct }) => (direct === null ? [] : [direct]));
    const started = about.programs.get(name) ?? Number.NaN;
    const goal = GOALS[name];
    const seen: Seen = { directs, firsts: firsts ?? [], ends: ends ?? [], started };
    if (goal !== undefined) recordTimes(name, goal, { about, node, seen, times });
    return [
      name,
      directs.length === 0 ? '' : spread(directs),
      spread(seen.firsts),
      spread(seen.ends),
      (middle(seen.ends) / node).toFixed(1),
      (samples.reduce((sum, { cpu }) => sum + cpu, 0) / samples.length).toFixed(0),
      String(started),
      goal === undefined ? '' : goalText(goal),
      goal === undefined ? '' : isMet(goal, seen, 1),
      goal === undefined ? '' : isMet(goal, seen, node / NODE_MS),
    ];
  });
  const load = loadavg()[0]?.toFixed(1);
  const title = `${about.backend}, ${about.apps} on, ${about.busy} busy loops: ms, median (min) of ${times.of('node -e 0').length}; load ${load}`;
  const scaled = `met by node / ${NODE_MS}`;
  const head = ['what', 'in the kernel', 'first line', 'end', '/ node', 'cpu', 'programs', 'goal', 'met', scaled];
  printTable(title, head, rows);
}

/** Of one command: milliseconds a round, and the programs that it starts. */
interface Seen {
  /** Empty where nothing told. */
  readonly directs: readonly number[];
  readonly firsts: readonly number[];
  readonly ends: readonly number[];
  /** NaN where they could not be counted. */
  readonly started: number;
}

/** In times of a bare Node in the same rounds, so that a busy or slow machine counts on both sides. */
function recordTimes(
  name: Case,
  goal: Goal,
  of: {
    readonly about: { readonly backend: string; readonly apps: number };
    readonly node: number;
    readonly seen: Seen;
    readonly times: Times;
  },
): void {
  const { about, node, times } = of;
  const { directs, firsts, ends, started } = of.seen;
  const where = `${about.backend}, ${about.apps} applications on`;
  const unit = 'of `node -e 0`';
  const isOff = name === 'weir off';
  const direct = middle(times.of('sh off.sh').map(({ end }) => end)) / node;
  if (goal.direct !== undefined && directs.length > 0)
    record({
      ...{ what: `\`${name}\`, start until the switch is in the kernel, ${where}`, unit, weir: middle(directs) / node },
      ...{ limit: { name: 'sh off.sh', value: direct }, goal: { most: goal.direct / NODE_MS } },
    });
  if (goal.first !== undefined)
    record({
      ...{ what: `\`${name}\`, start to first line, ${where}`, unit, weir: middle(firsts) / node },
      ...{ limit: isOff ? { name: 'sh off.sh', value: direct } : null, goal: { most: goal.first / NODE_MS } },
    });
  record({
    ...{ what: `\`${name}\`, start to end, ${where}`, unit, weir: middle(ends) / node },
    ...{ limit: { name: 'node -e 0', value: 1 }, goal: { most: goal.end / NODE_MS } },
  });
  if (goal.programs !== undefined && !Number.isNaN(started))
    record({
      ...{ what: `programs that \`${name}\` starts, ${where}`, unit: '', weir: started },
      goal: { most: goal.programs },
    });
}

/** What a command may take with many applications, in times of what it takes with one. */
const MOST_RATIO = 1.3;

/** Prints how many times as long each command takes with many applications as with one: medians by medians. */
export function printRatios(
  many: Times,
  one: Times,
  about: { readonly backend: string; readonly apps: number; readonly busy: number },
): void {
  const ratio = (name: Case, field: 'first' | 'end' | 'cpu'): string => {
    const [a, b] = [many, one].map((times) => middle(times.of(name).map((sample) => sample[field])));
    return ((a ?? Number.NaN) / (b ?? Number.NaN)).toFixed(2);
  };
  const names = CASES.filter((name) => GOALS[name] !== undefined && !name.includes('--'));
  for (const name of names)
    record({
      ...{
        what: `processor time of \`${name}\`, ${about.apps} applications in times of one, ${about.backend}`,
        unit: '',
      },
      ...{ weir: Number(ratio(name, 'cpu')), goal: { most: MOST_RATIO } },
    });
  const rows = names.map((name) => [name, ...(['first', 'end', 'cpu'] as const).map((field) => ratio(name, field))]);
  const title = `${about.backend}, ${about.busy} busy loops: ${about.apps} applications in times of one; goal ${MOST_RATIO}`;
  printTable(title, ['what', 'first line', 'end', 'cpu'], rows);
}

function goalText({ direct, first, end, programs }: Goal): string {
  return [
    direct === undefined ? '' : `in the kernel ${direct}, `,
    first === undefined ? '' : `first ${first}, `,
    `end ${end}`,
    programs === undefined ? '' : `, ${programs} programs`,
  ].join('');
}

/** `scale` is how much slower this machine is than that of the goals. */
function isMet(goal: Goal, { directs, firsts, ends, started }: Seen, scale: number): string {
  const misses = [
    goal.direct !== undefined && middle(directs) > goal.direct * scale ? 'in the kernel' : '',
    goal.first !== undefined && middle(firsts) > goal.first * scale ? 'first' : '',
    middle(ends) > goal.end * scale ? 'end' : '',
    goal.programs !== undefined && started > goal.programs ? 'programs' : '',
  ].filter((one) => one !== '');
  return misses.length === 0 ? 'yes' : `no: ${misses.join(', ')}`;
}

function spread(values: readonly number[]): string {
  return `${middle(values).toFixed(0)} (${Math.min(...values).toFixed(0)})`;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
