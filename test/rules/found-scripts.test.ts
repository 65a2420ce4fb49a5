/** Scripts that were once converted wrongly. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseCaseFile } from '../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../src/rules/evaluate-rule-source.ts';
import { answerCall, type CallOutcome } from '../../src/rules/plan/call-outcome.ts';
import { planRuleSource } from '../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../src/rules/read/read-rule-file.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/found-rules');
const known = parseCaseFile(readFileSync(join(FOLDER, 'case.json'), 'utf8'), 'case.json');
/** What real Groovy 2.4.21 gave, by script and call. */
const expected = JSON.parse(readFileSync(join(FOLDER, 'expect.json'), 'utf8')) as Record<
  string,
  readonly (readonly string[] | string)[]
>;

function textOf(outcome: CallOutcome): readonly string[] | string | undefined {
  if (outcome.kind === 'providers') return outcome.ids;
  if (outcome.kind === 'ignored') return 'ALL(ignored)';
  return outcome.kind === 'error' ? `ERROR:${outcome.exception}` : undefined;
}

describe('scripts that were converted wrongly once', () => {
  for (const [name, answers] of Object.entries(expected)) {
    it(`${name}: what real Groovy gave, or a refusal`, (t) => {
      const source = readRuleFile(name, readFileSync(join(FOLDER, name), 'utf8'));
      for (const plan of [planRuleSource(source, { ...known, providers: [] }), planRuleSource(source, known)]) {
        assert.notEqual(
          plan.effect.state === 'live',
          answers.every((answer) => answer === 'ALL(ignored)'),
        );
        let refused = 0;
        for (const [index, call] of known.calls.entries()) {
          const wanted = answers[index];
          const planned = textOf(answerCall(plan, call, known.providers).outcome);
          const direct = textOf(evaluateRuleSource(source, call, known));
          if (planned === undefined) refused++;
          else assert.deepEqual(planned, wanted, `the plan, call ${index} ${JSON.stringify(call)}`);
          if (direct !== undefined) assert.deepEqual(direct, wanted, `the evaluator, call ${index}`);
        }
        t.diagnostic(`${refused} of ${answers.length} calls refused`);
      }
    });
  }
});
