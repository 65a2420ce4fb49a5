/** Script and plan: equal answers, or none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CaseFile, RoutingCall } from '../../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../../src/rules/evaluate-rule-source.ts';
import { answerCall } from '../../../src/rules/plan/call-outcome.ts';
import type { TypedValue } from '../../../src/rules/plan/typed-value.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

const KNOWN: CaseFile = {
  providers: ['p1', 'p2'].map((id, at) => ({ id, host: `10.${at + 1}.0.1`, port: 20880, params: {} })),
  services: [],
  types: {},
  machineGroups: {},
  calls: [],
};
const GRAY = "invokers.findAll { it.url.host.startsWith('10.1.') }";

function calls(argument: TypedValue, attachment: string): RoutingCall[] {
  return [
    {
      service: 's',
      method: 'm',
      paramTypes: ['java.lang.Object'],
      args: [argument],
      attachments: { v: attachment },
      consumer: {},
    },
  ];
}

describe('the plan of a script', () => {
  for (const [test, argument, attachment] of [
    ['invocation.arguments[0] / 3 > 10', { t: 'java.lang.Long', v: '100' }, ''],
    ["invocation.attachments['v'].split('::')[0] == 'vip'", { t: 'null' }, 'vip::7'],
    ["invocation.attachments['v'].split('\\\\s')[0] == 'vip'", { t: 'null' }, 'vip 7'],
    ['invocation.arguments[0].longValue() > 5000000000L', { t: 'java.lang.Double', v: '1e10' }, ''],
    ['"$invocation.arguments" == "[1.0E10]"', { t: 'java.lang.Double', v: '1e10' }, ''],
  ] as const) {
    it(`decides as the script does: ${test}`, () => {
      const source = readRuleFile('one.groovy', `if (${test}) { return ${GRAY} }\nreturn invokers`);
      const plan = planRuleSource(source, KNOWN);
      for (const call of calls(argument, attachment)) {
        const direct = evaluateRuleSource(source, call, KNOWN);
        assert.deepEqual(direct, { kind: 'providers', ids: ['p1'] });
        assert.deepEqual(answerCall(plan, call, KNOWN.providers).outcome, direct);
      }
    });
  }

  for (const text of ['/(a)\\1/', "'\\\\p{L}'", "'\\\\P{Lower}+\\\\h'"]) {
    it(`says that it cannot tell, or matches as Java does: ${text}`, () => {
      const source = readRuleFile(
        'regex.groovy',
        `if (invocation.methodName ==~ ${text}) { return ${GRAY} }\nreturn invokers`,
      );
      const plan = planRuleSource(source, KNOWN);
      for (const call of calls({ t: 'null' }, '')) {
        const direct = evaluateRuleSource(source, call, KNOWN);
        const planned = answerCall(plan, call, KNOWN.providers).outcome;
        if (direct.kind === 'opaque') assert.equal(planned.kind, 'opaque');
        else assert.deepEqual(planned, direct);
      }
    });
  }

  it('ends for a text that is split inside of a pair of surrogates', () => {
    const source = readRuleFile(
      'split.groovy',
      `if ("\\uD83D\\uDE00x".split("").size() > 1) { return ${GRAY} }\nreturn []`,
    );
    assert.deepEqual(
      planRuleSource(source, KNOWN).rules.map((rule) => rule.then.kind),
      ['opaque'],
    );
  });
});
