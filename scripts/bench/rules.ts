/**
 * Measures reading, planning, conversion and proof of routing scripts: files a second over the fixtures, beside the rate at
 * which real Groovy compiles the same files in the same run (where Java and the jar are there); then command lines with
 * many scripts and with long ones, with their memory.
 */
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { WeirError } from '../../src/errors/weir-error.ts';
import { findGroovyJar } from '../../src/rules/adapters/oracle/groovy-jar.ts';
import { GroovyOracle } from '../../src/rules/adapters/oracle/groovy-oracle.ts';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { parseGroovy } from '../../src/rules/groovy/syntax/parser.ts';
import { GroovySource } from '../../src/rules/groovy/syntax/source.ts';
import { readRuleFile } from '../../src/rules/read/read-rule-file.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import { fixtureCases } from '../../test/fakes/fixture-cases.ts';
import { record } from './figure.ts';
import { measureCommands } from './rules/commands.ts';

const TARGET = { target: 'dubbo-mesh', version: 'and-match', name: 'rule', accepted: new Set<string>() } as const;

function time(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

const cases = fixtureCases();
const rows: { id: string; planMs: number; convertMs: number }[] = [];
for (const { id, path, text, known } of cases) {
  let planned = planRuleFile(path, text, known);
  const planMs = time(() => {
    planned = planRuleFile(path, text, known);
  });
  const { services, providers } = known;
  const convertMs = time(() => convertPlan({ ...TARGET, plan: planned.plan, services, providers }));
  rows.push({ id, planMs, convertMs });
}
const sum = (pick: (row: (typeof rows)[number]) => number): number => rows.reduce((total, row) => total + pick(row), 0);
const median = [...rows].sort((a, b) => a.planMs + a.convertMs - b.planMs - b.convertMs)[Math.floor(rows.length / 2)];
process.stdout.write(
  `fixtures: ${rows.length} files, plan ${sum((row) => row.planMs).toFixed(0)} ms, convert with proof ${sum((row) => row.convertMs).toFixed(0)} ms; median file ${((median?.planMs ?? 0) + (median?.convertMs ?? 0)).toFixed(1)} ms\n`,
);
for (const row of [...rows].sort((a, b) => b.planMs + b.convertMs - a.planMs - a.convertMs).slice(0, 5)) {
  process.stdout.write(
    `  slowest: ${row.id.padEnd(28)} plan ${row.planMs.toFixed(0)} ms, convert ${row.convertMs.toFixed(0)} ms\n`,
  );
}

const scripts = cases.filter(({ known }) => known.kind === 'dubbo-script');
const WARM_ROUNDS = 3;
const ROUNDS = 20;

// Comments make every text another one, so that no cache of either side answers.
async function filesPerSecond(
  each: (text: string, of: (typeof scripts)[number]) => unknown,
): Promise<{ wall: number; processor: number }> {
  let ms = 0;
  let spent = 0;
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round += 1) {
    const [began, used] = [performance.now(), process.cpuUsage()];
    for (const one of scripts) await each(`${readRuleFile(one.path, one.text).text}\n// ${round}\n`, one);
    if (round < WARM_ROUNDS) continue;
    ms += performance.now() - began;
    spent += process.cpuUsage(used).user / 1000;
  }
  const files = scripts.length * ROUNDS * 1000;
  return { wall: Math.round(files / ms), processor: Math.round(files / spent) };
}

const parsed = await filesPerSecond((text, { path }) => parseGroovy(new GroovySource(path, text)));
const convertedRate = await filesPerSecond((text, { path, known }) => {
  const { plan } = planRuleFile(path, text, known);
  return convertPlan({ ...TARGET, plan, services: known.services, providers: known.providers });
});
const compiled = await compileRate();
process.stdout.write(
  `${scripts.length} scripts, files/s (of processor time): read and parsed ${parsed.wall} (${parsed.processor}), converted with proof ${convertedRate.wall} (${convertedRate.processor}); compiled by real Groovy ${compiled}\n`,
);

record({
  ...{ what: 'scripts converted with proof, a second', unit: '/s', weir: convertedRate.wall },
  ...(typeof compiled === 'number'
    ? { peer: { name: 'real Groovy compiles', value: compiled }, goal: { least: 2 * compiled } }
    : {}),
});

async function compileRate(): Promise<number | string> {
  const source = join(import.meta.dirname, '../../src/rules/adapters/oracle/GroovyOracle.java');
  try {
    const oracle = await GroovyOracle.start({ jar: findGroovyJar(), source });
    try {
      return (await filesPerSecond((text) => oracle.ask(text, [], []))).wall;
    } finally {
      oracle.close();
    }
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return `unknown (${error.what})`;
  }
}

process.stdout.write('\ncommand lines, each in a process of its own:\n');
const commands = measureCommands();
const bare = commands.find(({ name }) => name.startsWith('node'))?.processor ?? Number.NaN;
for (const { name, seconds, processor, megabytes } of commands) {
  if (processor !== bare)
    record({
      ...{ what: `processor time of ${name}`, unit: 's', weir: processor },
      ...{ limit: { name: 'node -e 0', value: bare }, goal: name.includes('varied') ? { most: 7 } : null },
    });
  const memory = megabytes === null ? 'unknown' : `${megabytes} MB`;
  process.stdout.write(
    `  ${name.padEnd(58)} ${seconds.toFixed(2)} s, ${processor.toFixed(2)} s of processor time, ${memory} resident\n`,
  );
}
process.stdout.write(
  `load ${loadavg()
    .map((one) => one.toFixed(1))
    .join(' ')} on ${availableParallelism()} cores\n`,
);
