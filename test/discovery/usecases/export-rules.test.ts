/** Rules in an exported bootstrap: what weir rules convert wrote becomes routes and clusters. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planClusters } from '../../../src/discovery/resources/plan-clusters.ts';
import { planRules } from '../../../src/discovery/resources/plan-rules.ts';
import { sidecarRules } from '../../../src/discovery/resources/sidecar-rules.ts';
import { readRuleFolder } from '../../../src/discovery/routing/rule-scripts.ts';
import type { Endpoint } from '../../../src/discovery/world/endpoints.ts';
import { convertPlan } from '../../../src/rules/convert-plan.ts';
import { outputFiles } from '../../../src/rules/usecases/output-files.ts';
import { planRuleFile } from '../../../src/rules/usecases/plan-rule-file.ts';

const SERVICE = 'com.acme.Stock';

function endpoint(last: number, labels: Readonly<Record<string, string>>, change: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ app: 'stock', address: `10.0.0.${last}`, port: 20_880, protocol: 'dubbo', labels, unit: null, weight: 100 },
    ...{ layouts: ['application'], services: new Set([SERVICE]), straight: null, registries: ['hz'] },
    ...change,
  };
}

/** The files of a script, as `weir rules convert --target envoy --app stock` writes them. */
function folderOf(script: string, name = 'rule'): Map<string, string> {
  const known = { app: 'stock', providers: [], services: [], types: {}, machineGroups: {}, calls: [] };
  const { plan } = planRuleFile(`${name}.groovy`, script, known);
  const target = { target: 'envoy', version: '1.40' } as const;
  const converted = convertPlan({ plan, name, ...target, services: [], providers: [], accepted: new Set() });
  const files = outputFiles({ name, ...target, plan, converted, remarks: [] }, '0.1.0');
  return new Map(files.flatMap(({ name: file, text }) => (text === null ? [] : [[file, text] as const])));
}

const GRAY = `def gray = invokers.findAll { it.url.getParameter('env') == 'gray' }
if (invocation.getAttachment('tag') == 'gray') return gray ?: invokers
if (invocation.methodName == 'deny') return []
return invokers`;

const ENDPOINTS = [endpoint(1, { env: 'gray' }), endpoint(2, { env: 'base' }), endpoint(3, { env: 'base' })];
const FACTS = { application: 'shop', host: '10.9.0.1', params: null };

function planOf(files: ReadonlyMap<string, string>, endpoints: readonly Endpoint[] = ENDPOINTS) {
  const { scripts, faults } = readRuleFolder(files);
  const plan = planClusters(endpoints);
  const rules = sidecarRules(endpoints, plan.services.keys(), [{ app: 'shop', facts: FACTS, scripts }]);
  const { ruled, clusters } = planRules(plan, rules);
  const targets = (ruled?.get(SERVICE) ?? []).map(({ test, cluster }) => {
    const members = clusters.find(({ name }) => name === cluster)?.members.map(({ address }) => address.slice(7));
    return [JSON.stringify(test), members?.join('') ?? cluster];
  });
  return { targets, faults, rules: rules.get(SERVICE) ?? null };
}

const TAGGED = '{"attachment":"tag","text":{"in":["gray"]}}';
const DENIED = '{"method":{"in":["deny"]}}';

describe('the rules of a folder', () => {
  it('become routes to the members that the script picks', () => {
    const { targets } = planOf(folderOf(GRAY));
    assert.deepEqual(targets, [
      [TAGGED, '1'],
      [DENIED, ''],
      ['null', '123'],
    ]);
  });

  it('fall back where no provider of a group is registered', () => {
    const { targets } = planOf(folderOf(GRAY), ENDPOINTS.slice(1));
    assert.deepEqual(targets[0], [TAGGED, '23']);
  });

  it('see when an instance started, which is registered as everything else', () => {
    const late = folderOf("return invokers.findAll { it.url.getParameter('timestamp') == '7' } ?: []");
    const started = [endpoint(1, {}, { timestamp: '7' }), endpoint(2, {}, { timestamp: '8' })];
    assert.deepEqual(planOf(late, started).targets, [['null', '1']]);
  });

  it('hand weights out by what is registered', () => {
    const weighted = [endpoint(1, { env: 'gray' }), endpoint(2, { env: 'gray' }, { weight: 300 })];
    const route = planOf(folderOf(GRAY), weighted).rules?.[0];
    assert.ok(route?.target.kind === 'members');
    assert.deepEqual(
      route.target.members.map(({ id, weight }) => [id, weight]),
      [
        ['10.0.0.1:20880', 1],
        ['10.0.0.2:20880', 3],
      ],
    );
  });

  it('leave everything at the picked address where the script was not converted, or is not alone', () => {
    const random = folderOf('return [invokers[new Random().nextInt(2)]]');
    assert.deepEqual(planOf(random).targets, [['null', 'original']]);
    const two = new Map([...folderOf(GRAY), ...folderOf(GRAY, 'other')]);
    assert.deepEqual(planOf(two).targets, [['null', 'original']]);
    const damaged = new Map(folderOf(GRAY)).set('rule.envoy.yaml', 'kind: Nothing');
    const { targets, faults } = planOf(damaged);
    assert.deepEqual(targets, [['null', 'original']]);
    assert.deepEqual(
      faults.map(({ file }) => file),
      ['rule.envoy.yaml'],
    );
  });

  it('leave calls at the picked address where the script picks a provider that Envoy cannot read', () => {
    const straight = [endpoint(1, { env: 'gray' }, { straight: 'serialization fastjson2' }), ...ENDPOINTS.slice(1)];
    assert.equal(planOf(folderOf(GRAY), straight).targets[0]?.[1], 'original');
  });

  it('say nothing where two applications offer the service, and nothing about other services', () => {
    const two = [...ENDPOINTS, endpoint(4, {}, { app: 'depot' })];
    assert.deepEqual(planOf(folderOf(GRAY), two).targets, [['null', 'original']]);
    const other = ENDPOINTS.map((one) => ({ ...one, app: 'depot' }));
    assert.equal(planOf(folderOf(GRAY), other).rules, null);
  });

  it('ask whose call it is where applications share a sidecar', () => {
    const { scripts } = readRuleFolder(folderOf(GRAY));
    const callers = [
      { app: 'shop', facts: FACTS, scripts },
      { app: 'till', facts: { ...FACTS, application: 'till' }, scripts: [] },
    ];
    const rules = sidecarRules(ENDPOINTS, [SERVICE], callers).get(SERVICE) ?? [];
    assert.ok(rules.every(({ test }) => JSON.stringify(test).includes('"remote.application","text":{"in":["shop"]}')));
  });

  it('fold what is known of the caller, and leave calls alone where it is not', () => {
    const script = `if (invocation.getAttachment('remote.application') == 'shop') return []
if (context.localHost == '10.9.0.1') return []
return invokers`;
    const { scripts } = readRuleFolder(folderOf(script));
    const routes = (facts: typeof FACTS | { application: string; host: null; params: null }) =>
      (sidecarRules(ENDPOINTS, [SERVICE], [{ app: 'a', facts, scripts }]).get(SERVICE) ?? []).map(({ target }) =>
        target.kind === 'members' ? target.members.length : target.kind,
      );
    assert.deepEqual(routes(FACTS)[0], 0);
    assert.deepEqual(routes({ application: 'till', host: null, params: null })[0], 'original');
    assert.deepEqual(routes({ ...FACTS, application: 'till', host: '10.9.0.2' }), [3]);
  });
});
