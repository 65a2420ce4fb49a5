/** Number operators in scripts and plans, over all number classes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaseFile, RoutingCall } from '../../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../../src/rules/evaluate-rule-source.ts';
import { answerCall } from '../../../src/rules/plan/call-outcome.ts';
import type { TypedValue } from '../../../src/rules/plan/typed-value.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

const KNOWN: CaseFile = {
  providers: [
    { id: 'p1', host: '10.1.0.1', port: 20880, params: { zone: 'a' } },
    { id: 'p2', host: '10.1.0.2', port: 20880, params: {} },
  ],
  services: [],
  types: {},
  machineGroups: {},
  calls: [],
};

const ARGUMENTS = [
  { t: 'java.lang.Integer', v: '0' },
  { t: 'java.lang.Long', v: '5' },
  { t: 'java.math.BigInteger', v: '5' },
  { t: 'java.math.BigDecimal', v: '5.0' },
  { t: 'java.lang.Double', v: '5.0' },
  { t: 'java.lang.Float', v: '5.0' },
  { t: 'java.lang.String', v: 'a' },
  { t: 'null' },
] as readonly TypedValue[];

// Groovy's NumberMath: a remainder with a BigDecimal exists only where the other side is a floating-point number, and
// bits, shifts and intdiv only where both sides are whole.
for (const computed of [
  'x % 2.5',
  '2.5 % x',
  'x % 2.5d',
  'x % 2',
  'x & 2.5',
  'x << 2.5',
  'x.intdiv(2.5)',
  'x.mod(2.5)',
]) {
  test(`a plan never answers otherwise than the script for ${computed}, whatever the class of x`, () => {
    const zone = "invokers.findAll { it.url.parameters.zone == 'a' }";
    const script = `def x = invocation.arguments[0]\nif ((${computed}) == 0) return ${zone}\n${zone}`;
    const source = readRuleFile('remainder.groovy', script);
    const plan = planRuleSource(source, KNOWN);
    for (const value of ARGUMENTS) {
      const call: RoutingCall = {
        service: 's',
        method: 'm',
        paramTypes: ['java.lang.Object'],
        args: [value],
        attachments: {},
        consumer: {},
      };
      const wanted = evaluateRuleSource(source, call, KNOWN);
      const planned = answerCall(plan, call, KNOWN.providers).outcome;
      if (planned.kind === 'opaque' || wanted.kind === 'opaque') continue;
      assert.deepEqual(planned, wanted, `${computed} with ${JSON.stringify(value)}`);
    }
  });
}
