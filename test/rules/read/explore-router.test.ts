/** Condition and tag rules. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoutingCall, RoutingProvider } from '../../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../../src/rules/evaluate-rule-source.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';
import type { RouterEngine } from '../../../src/rules/read/router-behaviour.ts';

const SERVICE = 'com.pets.CatService';
const providers = [
  { id: 'p1', host: '10.20.3.1', port: 20880, params: { region: 'hz', env: 'gray' } },
  { id: 'p2', host: '10.20.3.2', port: 20881, params: { 'dubbo.tag': 'own' } },
  { id: 'p3', host: '10.20.4.3', port: 20880, params: { region: 'sh' } },
];
const ALL = ['p1', 'p2', 'p3'];

interface Asked {
  readonly attachments?: Record<string, string>;
  readonly params?: Record<string, string>;
  readonly args?: RoutingCall['args'];
  readonly engine?: RouterEngine;
  readonly among?: RoutingProvider[];
}

function reached(rule: string, asked: Asked = {}): unknown {
  const call: RoutingCall = {
    service: SERVICE,
    method: 'find',
    paramTypes: [],
    args: asked.args ?? [],
    attachments: asked.attachments ?? {},
    consumer: { application: 'web', host: '10.8.0.7', params: asked.params ?? {} },
  };
  const known = { providers: asked.among ?? providers, services: [], types: {}, machineGroups: {}, calls: [] };
  const outcome = evaluateRuleSource(readRuleFile('rule', rule), call, { ...known, engine: asked.engine ?? '3.2' });
  return outcome.kind === 'providers' ? outcome.ids : outcome.kind;
}

function condition(line: string): string {
  return `force: true\nconditions:\n  - ${JSON.stringify(line)}\n`;
}

// Every outcome is that of the real routers, which test/e2e/dubbo-routers.test.ts asks.
describe('a condition rule', () => {
  it('finds the keys that every URL has', () => {
    for (const left of [
      'side = consumer',
      'protocol = consumer',
      'interface = *CatService',
      'path = com.*',
      'address = 10.8.*',
    ])
      assert.deepEqual(reached(condition(`${left} => region = hz`)), ['p1'], left);
    const right = 'address = *:20880 & side = provider & protocol = dubbo & port = 2088* & interface = com.*';
    assert.deepEqual(reached(condition(`=> ${right}`)), ['p1', 'p3']);
  });

  it('takes an open range for one that never holds on the left and always on the right', () => {
    assert.deepEqual(reached(condition('attachments[id] = 101~ => region = hz'), { attachments: { id: '500' } }), ALL);
    assert.deepEqual(reached(condition('=> region = 1~')), ['p1', 'p3']);
  });

  it('counts a text that is no number as 0 in a range', () => {
    assert.deepEqual(reached(condition('attachments[id] = ~60 => region = hz'), { attachments: { id: 'x' } }), ['p1']);
  });

  it('compares a placeholder where an argument or a dotted attachment cannot be read', () => {
    assert.deepEqual(reached(condition('arguments[2] != a => region = hz')), ['p1']);
    assert.deepEqual(reached(condition('arguments[2] != a => region = hz'), { engine: '2.7' }), ALL);
    const dotted = condition('attachments[user.id] != a => region = hz');
    assert.deepEqual(reached(dotted, { attachments: { 'user.id': 'a' } }), ['p1']);
  });

  it('reads a second arrow as part of the right side', () => {
    assert.deepEqual(reached(condition('method = find => region = hz => env = gray')), ['p1']);
    assert.deepEqual(reached(condition('method = find => region = sh => env = gray')), []);
  });

  it('is not loaded at all when one line cannot be parsed', () => {
    const rule = 'force: true\nconditions:\n  - "=> region = hz"\n  - "a == b => c = d"\n';
    assert.equal(reached(rule), 'ignored');
    const { effect } = planRuleSource(readRuleFile('rule', rule), { providers });
    assert.equal(effect.state, 'broken');
    assert.ok(effect.reasons.some(({ code }) => code === 'syntax-error'));
  });

  it('reads flags as SnakeYAML does', () => {
    assert.deepEqual(reached('enabled: off\nforce: yes\nconditions: ["=> region = hz"]\n'), ALL);
    assert.deepEqual(reached('force: yes\nconditions: ["=> region = nowhere"]\n'), []);
  });

  it('notes where the lines of Dubbo differ and none was named', () => {
    const plan = planRuleSource(readRuleFile('rule', condition('=> region != hz')), { providers });
    assert.deepEqual(
      plan.rules.flatMap(({ notes }) => notes.map(({ code }) => code)),
      ['WR070'],
    );
    const named = planRuleSource(readRuleFile('rule', condition('=> region != hz')), { providers, engine: '3.2' });
    assert.deepEqual(
      named.rules.flatMap(({ notes }) => notes),
      [],
    );
  });
});

describe('a tag rule', () => {
  const gray = (more: string, head = ''): string => `${head}tags:\n  - name: gray\n${more}`;
  const match = '    match:\n      - key: env\n        value: {exact: gray}\n';
  const tagged = { attachments: { 'dubbo.tag': 'gray' } };

  it('reads match with configVersion v3.0 only, and keeps untagged calls out of the group then', () => {
    const rule = gray(match, 'configVersion: v3.0\n');
    assert.deepEqual(reached(rule), ['p3']);
    assert.deepEqual(reached(rule, tagged), ['p1']);
    assert.deepEqual(reached(gray(match), tagged), ['p1', 'p3']);
  });

  it('falls back where a match finds nobody, also with force', () => {
    const none = match.replace('exact: gray', 'exact: nowhere');
    assert.deepEqual(reached(gray(none, 'configVersion: v3.0\nforce: true\n'), tagged), ['p1', 'p3']);
  });

  it('takes addresses before a match', () => {
    const rule = gray(`    addresses: ["10.20.4.3:20880"]\n${match}`, 'configVersion: v3.0\n');
    assert.deepEqual(reached(rule, tagged), ['p3']);
  });

  it('compares addresses as IP expressions with a port', () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['10.20.*.*:20880', ['p1', 'p3']],
      ['10.20.3.1-2:20881', ['p2']],
      ['10.20.3.0/24', ['p1', 'p2']],
      ['0.0.0.0:20881', ['p2']],
      ['*:20881', []],
      ['10.20.3.1:*', []],
      ['10.20.3', []],
    ];
    for (const [address, members] of cases) {
      const rule = gray(`    addresses: ["${address}"]\n`, 'force: true\n');
      assert.deepEqual(reached(rule, tagged), members, address);
    }
  });

  it('takes the tag of the consumer where the call has none', () => {
    const rule = gray('    addresses: ["10.20.3.1"]\n');
    assert.deepEqual(reached(rule, { params: { 'dubbo.tag': 'gray' } }), ['p1']);
    assert.deepEqual(reached(rule, { attachments: { 'dubbo.tag': 'own' }, params: { 'dubbo.tag': 'gray' } }), ['p2']);
  });

  it('gives an untagged call providers without a tag in 3.x, in 2.7 those whose tag is not named', () => {
    const rule = gray('    addresses: ["10.20.3.1"]\n');
    assert.deepEqual(reached(rule), ['p3']);
    assert.deepEqual(reached(rule, { engine: '2.7' }), ['p2', 'p3']);
  });

  it('leaves the own tags of providers in force when it is switched off', () => {
    const rule = gray('    addresses: ["10.20.3.1"]\n', 'enabled: false\n');
    assert.deepEqual(reached(rule), ['p1', 'p3']);
    assert.equal(planRuleSource(readRuleFile('rule', rule), { providers }).effect.state, 'dead');
  });

  it('reads levels of a tag in 3.3 only', () => {
    const rule = gray('    addresses: ["10.20.3.1"]\n');
    const asked = { attachments: { 'dubbo.tag': 'gray|team1' } };
    assert.deepEqual(reached(rule, asked), ['p3']);
    assert.deepEqual(reached(rule, { ...asked, engine: '3.3' }), ['p1']);
  });

  it('is not answered for a provider whose host Java would look up', () => {
    const known = {
      providers: [{ id: 'x', host: 'node-1', port: 1, params: {} }],
      services: [],
      types: {},
      machineGroups: {},
      calls: [],
    };
    const call: RoutingCall = {
      service: SERVICE,
      method: 'm',
      paramTypes: [],
      args: [],
      attachments: {},
      consumer: {},
    };
    assert.equal(
      evaluateRuleSource(readRuleFile('rule', gray('    addresses: ["10.1.1.1"]\n')), call, known).kind,
      'opaque',
    );
  });
});

describe('the YAML of a rule', () => {
  it('may be in flow style, or JSON', () => {
    assert.deepEqual(reached('{force: true, conditions: ["=> region = hz"]}'), ['p1']);
    assert.deepEqual(reached('{"force": true, "conditions": ["=> region = hz"]}'), ['p1']);
  });

  it('is not loaded with a directive that SnakeYAML does not know, nor in 3.3 with a newer configVersion', () => {
    assert.equal(reached('%YAML1.2\n---\nforce: true\nconditions: ["=> region = hz"]\n'), 'ignored');
    assert.deepEqual(reached('%YAML 1.2\n---\nforce: true\nconditions: ["=> region = hz"]\n'), ['p1']);
    const newer = 'configVersion: v3.1\nforce: true\nconditions: ["=> region = hz"]\n';
    assert.equal(reached(newer, { engine: '3.3' }), 'ignored');
    assert.deepEqual(reached(newer), ['p1']);
  });
});

// Asked of SnakeYAML 1.30 and 2.4 in the condition and tag routers of Dubbo 2.7.23 and 3.2.16.
it('a key that stands twice has its last value, and `<<` merges a map', () => {
  const twice = 'configVersion: v3.0\nscope: application\nkey: app\nforce: false\nforce: true\n';
  assert.deepEqual(reached(`${twice}conditions: ["=> region=hz"]\nconditions: ["=> region=nobody"]\n`), []);
  const merged = 'x: &a {force: true}\n<<: *a\nkey: app\nconditions: ["=> region=nobody"]\n';
  assert.deepEqual(reached(merged), []);
});

it('conditions with from and to are not said to be read by every Dubbo', () => {
  const rule =
    'configVersion: v3.1\nkey: app\nconditions: [{from: {match: "method=pay"}, to: [{match: "region=hz"}]}]\n';
  const { loadedBy } = planRuleSource(readRuleFile('rule', rule), {}).effect;
  assert.deepEqual(
    loadedBy.map(({ engine, loads }) => [engine, loads]),
    [
      ['dubbo 2.7', false],
      ['dubbo 3.2', false],
      ['dubbo >= 3.3', true],
    ],
  );
});

describe('a tag that is given by `match` to providers whose addresses Dubbo compares with no pattern', () => {
  const provider = (id: string, host: string, port: number, params: Record<string, string> = {}): RoutingProvider => ({
    ...{ id, host, port, params },
  });
  const rule = (name: string): string =>
    `configVersion: v3.0\nkey: pets\ntags:\n  - name: ${name}\n    match: [{key: zone, value: {noempty: ""}}]\n`;

  it('is a tag all the same: the call fails over, and does not look for own tags', () => {
    const among: RoutingProvider[] = [
      provider('p1', '10.20.3.1', 20880),
      provider('p2', '10.20.3.2', 20880, { 'dubbo.tag': 'gray' }),
      provider('p3', '127.0.0.1', 20880, { zone: 'a' }),
    ];
    const attachments = { 'dubbo.tag': 'gray' };
    assert.deepEqual(reached(rule('gray'), { attachments, among }), ['p1', 'p3']);
    assert.deepEqual(reached(`force: true\n${rule('gray')}`, { attachments, among }), []);
    assert.deepEqual(reached(rule('gray'), { attachments: { ...attachments, 'dubbo.force.tag': 'true' }, among }), []);
    // No address of the rule is compared: nobody is kept from calls without a tag.
    assert.deepEqual(reached(rule('gray'), { among }), ['p1', 'p3']);
  });

  it('has every provider on the port of one that is registered as 0.0.0.0', () => {
    const among: RoutingProvider[] = [
      provider('p1', '0.0.0.0', 20881, { zone: 'a' }),
      provider('p2', '10.20.3.1', 20881),
      provider('p3', '10.20.3.1', 20880, { zone: 'b' }),
      provider('p4', '10.20.3.2', 20880),
    ];
    assert.deepEqual(reached(rule('gray'), { attachments: { 'dubbo.tag': 'gray' }, among }), ['p2', 'p3']);
    const without = among.slice(1);
    assert.deepEqual(reached(rule('gray'), { attachments: { 'dubbo.tag': 'gray' }, among: without }), ['p3']);
  });
});
