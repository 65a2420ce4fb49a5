/** Lists of Groovy scripts: parts of fixed lists, and texts with values in them among numbers. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { RoutingCall } from '../../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../../src/rules/evaluate-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

const call: RoutingCall = { service: 's', method: 'm', paramTypes: [], args: [], attachments: {}, consumer: {} };
const providers = [{ id: 'p1', host: '10.0.0.1', port: 20880, params: {} }];

function outcome(script: string): string {
  const known = { providers, services: [], types: {}, machineGroups: {}, calls: [] };
  return evaluateRuleSource(readRuleFile('a.groovy', script), call, known).kind;
}

it('a part of a list that cannot grow cannot grow: the script fails there', () => {
  for (const list of ['Arrays.asList(1, 2)', '[1, 2].asImmutable()']) {
    assert.equal(outcome(`def part = ${list}.subList(0, 1)\npart << 3\nreturn []`), 'ignored', list);
    assert.notEqual(outcome(`${list}.subList(0, 1).add(3)\nreturn []`), 'providers', list);
  }
  const part = 'def list = [1, 2, 3]\ndef part = list.subList(0, 1)\n';
  assert.equal(outcome(`${part}return part == [1] ? [] : invokers`), 'providers');
  // The list has four items then: a change of its part is one of the list.
  for (const change of ['part << 9', 'part.clear()', 'part.remove(0)'])
    assert.equal(outcome(`${part}${change}\nreturn list.size() == 4 ? [] : invokers`), 'opaque', change);
});

it('a GString beside a number in a list is not told by weir: Groovy compares their texts', () => {
  const value = `def one = 1\ndef text = "\${one}"\n`;
  for (const test of ['[text, -3].disjoint([1])', '[text].intersect([1]).isEmpty()', '([text] - [1]).isEmpty()'])
    assert.equal(outcome(`${value}return ${test} ? [] : invokers`), 'opaque', test);
  assert.equal(outcome(`${value}return [text].disjoint(['2']) ? [] : invokers`), 'providers');
});
