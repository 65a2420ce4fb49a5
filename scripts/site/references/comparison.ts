/** weir beside other tools, as a page: the figures of docs/benchmarks.json that have a peer, and what nobody compared. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCHES } from '../../bench/benches.ts';
import { named, shown } from '../../bench/page/markdown.ts';
import type { BenchResult } from '../../bench/page/results.ts';
import { cell, table } from './text.ts';

/** What others do as well, and no bench sets beside weir: the question, who else is there, what is known of weir alone. */
const NOT_COMPARED = [
  [
    'switch a running application into its sidecar and out again',
    'istio-init and istio-cni write rules when a pod is made',
    'its own times and losses: `npm run bench:interception`',
  ],
  ['traffic past a dead or frozen sidecar', 'none that we know of', 'its own times: `npm run bench:fallback`'],
  ['memory of what runs beside Envoy', 'pilot-agent', 'the metrics `weir_..._resident_memory_bytes`'],
  ['releases in waves over many hosts', 'OpenKruise alone, Argo Rollouts', 'its own goals: `npm run bench:fleet`'],
  [
    'Groovy scripts to documents',
    'none that we know of',
    'real Groovy and real routers of Dubbo judge: `npm run bench:differential`',
  ],
];

/** The page, from the results that are in the repository. */
export function comparisonPage(root: string): string {
  const results: BenchResult[] = JSON.parse(readFileSync(join(root, 'docs/benchmarks.json'), 'utf8'));
  const measured = results.flatMap((result) => section(result));
  const names = BENCHES.map(({ name }) => name).filter((name) => !results.some((one) => one.name === name));
  const absent =
    names.length === 0 ? [] : ['## Not measured yet', '', `The benches ${names.join(', ')} have not run.`, ''];
  return [
    '# Beside other tools',
    '',
    'A figure stands here only if a bench measured weir and the other in one run; each section names the command that prints it ' +
      'anew. All figures, with limits and goals, stand in [benchmarks](../docs/benchmarks.md), and upgrades under a real Dubbo in ' +
      '[its guide](../docs/guide/dubbo-sdk.md#what-was-measured).',
    '',
    ...measured,
    ...absent,
    '## Not compared',
    '',
    ...table(['question', 'others', 'known of weir'], NOT_COMPARED),
    '',
  ].join('\n');
}

/** The figures of a bench that have a peer; nothing without one. */
function section({ command, date, figures, load, machine, name }: BenchResult): string[] {
  const rows = figures
    .filter(({ peer }) => peer !== null)
    .map(({ peer, unit, weir, what }) => [cell(what), `${shown(weir)} ${unit}`.trim(), cell(named(peer))]);
  if (rows.length === 0) return [];
  const where = `${date.slice(0, 10)}, ${machine.cores} cores, load ${load.map((one) => one.toFixed(1)).join(' to ')}`;
  return [`## ${name}`, '', `\`${command}\`, ${where}.`, '', ...table(['what', 'weir', 'best peer'], rows), ''];
}
