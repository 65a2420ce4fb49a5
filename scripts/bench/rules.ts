/**
 * Measures reading, planning, conversion and proof of routing scripts: files a second over the fixtures, beside the rate at
 * which real Groovy compiles the same files in the same run (where Java and the jar are there); growth with the number of
 * rules; memory.
 */
import { join } from 'node:path';
import { WeirError } from '../../src/errors/weir-error.ts';
import { findGroovyJar } from '../../src/host/oracle/groovy-jar.ts';
import { GroovyOracle } from '../../src/host/oracle/groovy-oracle.ts';
import { convertPlan } from '../../src/routing/convert-plan.ts';
import { parseGroovy } from '../../src/routing/groovy/parser.ts';
import { GroovySource } from '../../src/routing/groovy/source.ts';
import { readRuleFile } from '../../src/routing/read/read-rule-file.ts';
import { planRuleFile } from '../../src/usecases/rules/plan-rule-file.ts';
import { fixtureCases } from '../../test/fakes/fixture-cases.ts';

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

async function compileRate(): Promise<string> {
  const source = join(import.meta.dirname, '../../src/host/oracle/GroovyOracle.java');
  try {
    const oracle = await GroovyOracle.start({ jar: findGroovyJar(), source });
    try {
      return String((await filesPerSecond((text) => oracle.ask(text, [], []))).wall);
    } finally {
      oracle.close();
    }
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return `unknown (${error.what})`;
  }
}

const services = [{ interface: 'com.acme.S', methods: [{ name: 'load', paramTypes: ['long'] }] }];
const providers = ['a', 'b', 'c'].map((zone, index) => ({
  id: zone,
  host: `10.0.0.${index + 1}`,
  port: 20880,
  params: { zone },
}));
for (const count of [100, 1000, 3000]) {
  const lines = Array.from(
    { length: count },
    (_, index) =>
      `if (invocation.methodName == 'm${index}') return invokers.findAll { it.url.parameters.zone == '${'abc'[index % 3]}' }`,
  );
  const text = `${lines.join('\n')}\nreturn invokers\n`;
  let planned = planRuleFile('bench.groovy', 'invokers', { providers, services, types: {}, machineGroups: {} });
  const planMs = time(() => {
    planned = planRuleFile('bench.groovy', text, { providers, services, types: {}, machineGroups: {} });
  });
  let proved = 0;
  const convertMs = time(() => {
    const converted = convertPlan({ ...TARGET, plan: planned.plan, services, providers });
    proved = converted.rules.filter((rule) => rule.verdict === 'proved').length;
  });
  process.stdout.write(
    `${count} rules in one script: plan ${planMs.toFixed(0)} ms, convert with proof ${convertMs.toFixed(0)} ms, ${proved} proved\n`,
  );
}
process.stdout.write(`resident: ${Math.round(process.memoryUsage.rss() / 1_048_576)} MB\n`);
