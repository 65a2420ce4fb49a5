import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CaseFile, parseCaseFile, type RoutingCall } from '../src/rules/case-file.ts';
import { evaluateRuleSource } from '../src/rules/evaluate-rule-source.ts';
import { answerCall, type CallOutcome } from '../src/rules/plan/call-outcome.ts';
import { presentProviders } from '../src/rules/plan/evaluate-plan.ts';
import { planRuleSource } from '../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../src/rules/read/read-rule-file.ts';

/** One row of the table: how many calls of a fixture came out equal, refused or wrong. */
export interface FixtureRow {
  readonly id: string;
  readonly calls: number;
  readonly script: { equal: number; refused: number; wrong: number };
  readonly plan: { equal: number; refused: number; wrong: number };
  readonly rules: number;
  readonly opaque: number;
  readonly effect: string;
  readonly expect: string;
  readonly wrong: readonly string[];
}

/** Whether an outcome is the recorded one; undefined where weir refused to say. */
export function sameAsRecorded(outcome: CallOutcome, call: RoutingCall, known: CaseFile): boolean | undefined {
  if (outcome.kind === 'opaque') return undefined;
  const present = presentProviders(call, known.providers).map((provider) => provider.id);
  if (call.expectOneOf) {
    const parts = outcome.kind === 'split' ? outcome.parts : [{ outcome, share: 1 }];
    return (
      parts.length === call.expectOneOf.length &&
      call.expectOneOf.every((wanted) =>
        parts.some(
          (part) =>
            Math.abs(part.share - wanted.share) < 0.011 &&
            JSON.stringify(textOf(part.outcome, present)) === JSON.stringify(wanted.expect),
        ),
      )
    );
  }
  const text = textOf(outcome, present);
  if (JSON.stringify(text) !== JSON.stringify(call.expect)) return false;
  const weights = outcome.kind === 'providers' ? outcome.weights : undefined;
  return JSON.stringify(weights ?? null) === JSON.stringify(call.weights ?? null);
}

function textOf(outcome: CallOutcome, present: readonly string[]): readonly string[] | string {
  switch (outcome.kind) {
    case 'providers':
      return outcome.ids.filter((id) => present.includes(id));
    case 'ignored':
      return 'ALL(ignored)';
    case 'error':
      return `ERROR:${outcome.exception}`;
    case 'stale':
      return 'STALE';
    case 'tag':
      return `TAG:${outcome.tag ?? 'null'}`;
    default:
      return outcome.kind;
  }
}

/** Evaluates every call of every fixture in a folder, by the script and by its plan. */
export function fixtureRows(root: string, only?: string): FixtureRow[] {
  const folders = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && (!only || entry.name.includes(only)),
  );
  return folders
    .map((entry) => entry.name)
    .sort()
    .map((id) => {
      const folder = join(root, id);
      const known = parseCaseFile(readFileSync(join(folder, 'case.json'), 'utf8'), id);
      const file = join(folder, known.file ?? 'rule.groovy');
      const source = readRuleFile(file, readFileSync(file, 'utf8'));
      const plan = planRuleSource(source, known);
      const wrong: string[] = [];
      const script = { equal: 0, refused: 0, wrong: 0 };
      const planned = { equal: 0, refused: 0, wrong: 0 };
      known.calls.forEach((call, i) => {
        const direct = evaluateRuleSource(source, call, known);
        const answer = answerCall(plan, call, known.providers);
        for (const [tally, outcome, name] of [
          [script, direct, 'script'],
          [planned, answer.outcome, `plan ${answer.rule}`],
        ] as const) {
          const same = sameAsRecorded(outcome, call, known);
          if (same === undefined) tally.refused++;
          else if (same) tally.equal++;
          else {
            tally.wrong++;
            wrong.push(
              `${name} call ${i}: ${JSON.stringify(outcome)} recorded ${JSON.stringify(call.expect ?? call.expectOneOf)} ${call.cause ?? ''}`,
            );
          }
          if (same === undefined && name === 'script') wrong.push(`${name} call ${i}: ${JSON.stringify(outcome)}`);
        }
      });
      const expect = known.expectConvertible ?? {};
      return {
        id,
        calls: known.calls.length,
        script,
        plan: planned,
        rules: plan.rules.length,
        opaque: plan.rules.filter((rule) => rule.then.kind === 'opaque').length,
        effect: plan.effect.state,
        expect: Object.values(expect).join('/'),
        wrong,
      };
    });
}

if (import.meta.main) {
  const [root = 'test/fixtures/groovy', only] = process.argv.slice(2);
  const rows = fixtureRows(root, only);
  const cell = (tally: FixtureRow['script']): string => `${tally.equal}/${tally.refused}/${tally.wrong}`.padEnd(10);
  console.log(
    `${'rule'.padEnd(28)} calls script    plan      rules opaque effect  dubbo-mesh/istio (equal/refused/wrong)`,
  );
  for (const row of rows) {
    console.log(
      `${row.id.padEnd(28)} ${String(row.calls).padStart(5)} ${cell(row.script)}${cell(row.plan)}${String(row.rules).padStart(5)} ${String(row.opaque).padStart(6)} ${row.effect.padEnd(7)} ${row.expect}`,
    );
  }
  const sum = (pick: (row: FixtureRow) => number): number => rows.reduce((total, row) => total + pick(row), 0);
  console.log(
    `calls ${sum((row) => row.calls)}; script equal ${sum((row) => row.script.equal)} refused ${sum((row) => row.script.refused)} wrong ${sum((row) => row.script.wrong)}; ` +
      `plan equal ${sum((row) => row.plan.equal)} refused ${sum((row) => row.plan.refused)} wrong ${sum((row) => row.plan.wrong)}`,
  );
  for (const row of rows) for (const line of row.wrong.slice(0, only ? 40 : 3)) console.log(`${row.id}: ${line}`);
}
