/**
 * The gate: set-up, build, types, lint, unused code, unit and contract tests, end-to-end tests. `--only NAME,..` does a
 * part; a word picks the test files with it in their path. A line for each stage with its seconds; at the end the ten
 * slowest tests and the sum of all runs. Ends with 1 on any failure. No test is tried again.
 */
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runStage, type Stage } from './test/stage.ts';
import {
  addTallies,
  closingText,
  countsOf,
  NO_TESTS,
  runTests,
  type TestRun,
  type TestTally,
} from './test/test-run.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', multiple: true } },
});
const only = values.only?.flatMap((list) => list.split(','));

// Groups run one after another, the stages of a group side by side: two cores are what a small CI machine has.
const CHECKS: readonly (readonly Stage[])[] = [
  [{ name: 'setup', argv: ['node', 'scripts/setup.ts'] }],
  [{ name: 'build', argv: ['node', 'scripts/build.ts'] }],
  [
    { name: 'types', argv: ['tsc', '--noEmit'] },
    { name: 'lint', argv: ['biome', 'ci', '--error-on-warnings', '--colors=off'] },
    { name: 'unused', argv: ['knip', '--no-progress'] },
  ],
];

/**
 * On request. Of 24 mutants of which 85 % are killed, less than 60 % are killed once in some thousand draws: a smaller
 * sample would fail the gate by chance. The Groovy front end has real Groovy as its judge, in the end-to-end tests.
 */
const MUTANTS: Stage = {
  name: 'mutants',
  argv: [
    ...(['node', 'scripts/mutants.ts', '--sample', '24', '--seed', '1', '--least', '60'] as const),
    ...['src/mesh', 'src/interception', 'src/sidecar', 'src/platform', 'src/discovery'],
  ],
};

// Parts of the paths of the files that took longest on two cores.
const LONGEST = [
  ...['sidecar/faults', 'sidecar/fallback.', 'interception/killed-word', 'discovery/agent.', 'sidecar/dubbo-upgrade'],
  ...['interception/transparent', 'e2e/dubbo-routers'],
  ...['interception/way-out', 'sidecar/gate', 'sidecar/protocols', 'interception/faults', 'sidecar/kruise'],
  ...['sidecar/words', 'sidecar/control-plane', 'interception/blind', 'sidecar/handoff', 'discovery/rules'],
  ...['firewall-contract', 'interception/off-truth', 'interception/on-hazards', 'interception/on-accounts'],
  ...['interception/kills', 'fleet/pod', 'sidecar/group', 'sidecar/patience', 'sidecar/supervisor-death'],
  ...['sidecar/upgrade.', 'sidecar/host-contract', 'discovery/expiry', 'groovy-oracle', 'fleet/host'],
];

/** A run of tests; one that is on request is left out unless `--only` names it. */
type Run = Omit<TestRun, 'words'> & { readonly onRequest?: true };

const RUNS: readonly Run[] = [
  {
    name: 'unit',
    include: 'test/**/*.test.ts',
    exclude: 'test/{e2e,engines}/**',
    // A third of their time is waiting, and equal numbers of files are no equal times.
    sideBySide: availableParallelism() * 2,
    filesEach: 'share',
    testLimitMs: 120_000,
    processLimitMs: 1_200_000,
  },
  {
    name: 'e2e',
    include: 'test/e2e/**/*.test.ts',
    exclude: undefined,
    // Most of their time is waiting for timers and drains. With more at once they would disturb what each other observes.
    sideBySide: availableParallelism() + 2,
    filesEach: 'one',
    first: LONGEST,
    last: 'leaks.test.ts',
    testLimitMs: 180_000,
    processLimitMs: 600_000,
    skip: process.getuid?.() === 0 ? undefined : 'network namespaces and packet rules take root',
  },
  {
    // What takes minutes to build before it can judge.
    name: 'engines',
    onRequest: true,
    include: 'test/engines/**/*.test.ts',
    exclude: undefined,
    sideBySide: 1,
    filesEach: 'one',
    testLimitMs: 1_800_000,
    processLimitMs: 2_400_000,
  },
];

// Test processes are groups of their own, which Ctrl-C does not reach: they end with this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

// What a killed run left behind is no leak of this one.
const netns = '/run/netns';
process.env.WEIR_TEST_NETNS_BEFORE = existsSync(netns) ? readdirSync(netns).join(' ') : '';

const failed: string[] = [];
let tally: TestTally = NO_TESTS;
const isWanted = ({ name, onRequest }: { name: string; onRequest?: true }) =>
  only === undefined ? onRequest === undefined : only.includes(name);

for (const group of CHECKS) {
  const done = await Promise.all(group.filter(isWanted).map(runStage));
  failed.push(...done.filter(({ ok }) => !ok).map(({ name }) => name));
}
if (only?.includes(MUTANTS.name) && !(await runStage(MUTANTS)).ok) failed.push(MUTANTS.name);
for (const run of RUNS.filter(isWanted)) {
  const done = await runTests({ ...run, words: positionals });
  tally = addTallies(tally, done.tally);
  if (!done.ok) failed.push(run.name);
}

const isTestRun = only === undefined || RUNS.some(isWanted);
if (isTestRun && Object.values(countsOf(tally)).every((count) => count === 0)) failed.push('no tests were found');
if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.join(', ')}\n`);
if (isTestRun) process.stdout.write(closingText(tally));
process.exitCode = failed.length > 0 ? 1 : 0;
