/** The page of all figures. */
import type { Figure, Named } from '../figure.ts';
import { type BenchResult, isMet } from './results.ts';

const HEAD = `# Benchmarks

\`npm run bench\` measures all of this in up to 40 minutes and rewrites this page and \`benchmarks.json\`; \`--only NAME,..\` does a part, and
the others keep what was found when they last ran. Each section names its command, whose flags give longer forms with tables of their own.

*Best peer*: the best of the others that do the same work, in the same run. *Limit*: what nobody can beat, in the same run. *Met*: by this
run, on this machine under this load; a busy machine stretches times, and leaves counts and ratios mostly alone.
`;

/** `all` are the names of all benches; those without a result are named as not measured. */
export function benchmarksPage(results: readonly BenchResult[], all: readonly string[]): string {
  const parts = results.map(section);
  const absent = all.filter((name) => !results.some((one) => one.name === name));
  const rest = absent.length === 0 ? '' : `\n## Not measured yet\n${absent.join(', ')}\n`;
  return `${HEAD}\n${summary(results)}\n${parts.join('\n')}${rest}`;
}

/** One line: how many goals there are, and how many were met. */
export function summary(results: readonly BenchResult[]): string {
  const verdicts = results.flatMap(({ figures }) => figures.map(isMet)).filter((verdict) => verdict !== null);
  const met = verdicts.filter(Boolean).length;
  return `${met} of ${verdicts.length} goals were met.\n`;
}

function section({ name, command, date, commit, seconds, end, machine, load, figures }: BenchResult): string {
  const { cores, cpu, memoryGb, kernel, node } = machine;
  const ends = { done: '', stopped: ' It was stopped before its end.', failed: ' It ended with an error.' };
  const [from, to] = load.map((one) => one.toFixed(1));
  const when = `${date.slice(0, 16).replace('T', ' ')} UTC, commit ${commit?.slice(0, 7) ?? 'unknown'}, ${Math.round(seconds)} s`;
  const where = `${cores} cores (${cpu}), ${memoryGb} GB, Linux ${kernel}, Node ${node}`;
  return [
    `## ${name}`,
    `\`${command}\``,
    '',
    `${when}; ${where}; load ${from} before, ${to} after.${ends[end]}`,
    '',
    '| what | weir | best peer | limit | goal | met |',
    '|---|---|---|---|---|---|',
    ...figures.map(row),
    '',
  ].join('\n');
}

function row(figure: Figure): string {
  const { what, unit, weir, peer, limit, goal } = figure;
  const verdict = isMet(figure);
  const cells = [
    what,
    `${shown(weir)} ${unit}`.trim(),
    named(peer),
    named(limit),
    goal === null ? '-' : 'most' in goal ? `at most ${shown(goal.most)}` : `at least ${shown(goal.least)}`,
    verdict === null ? '-' : verdict ? 'yes' : '**no**',
  ];
  return `| ${cells.join(' | ')} |`;
}

/** A number with its owner; `-` without one. */
export function named(one: Named | null): string {
  return one === null ? '-' : `${shown(one.value)} (${one.name})`;
}

/** Three digits that count; an integer as it is. */
export function shown(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'unknown';
}
