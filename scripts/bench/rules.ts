/** Measures reading, planning, conversion and proof of routing scripts: files a second over the fixtures, growth, memory. */
import { convertPlan } from '../../src/routing/convert-plan.ts';
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
