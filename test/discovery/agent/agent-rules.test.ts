/** Rules in the agent: what its Envoys get, and what people are told. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consumerRoutes } from '../../../src/discovery/agent/agent-status.ts';
import { ConsumerRules } from '../../../src/discovery/agent/consumer-rules.ts';
import type { AgentPorts } from '../../../src/discovery/ports.ts';
import type { RuledCaller } from '../../../src/discovery/resources/sidecar-rules.ts';
import type { RuleScript } from '../../../src/discovery/routing/rule-scripts.ts';
import { explainedText } from '../../../src/discovery/text/routes-text.ts';
import { explainRoute } from '../../../src/discovery/usecases/explain-route.ts';
import { readProviderUrl } from '../../../src/discovery/world/read-provider-url.ts';
import { TYPE } from '../../../src/discovery/xds/resource-types.ts';
import type { RoutingCall } from '../../../src/rules/case-file.ts';
import { listing, MachineStage, planOf } from './machine-stage.ts';

const FACTS = { application: 'shop', host: null, params: null };

/** A script of pay: calls with the tag `one` go to the host 10.0.0.1, else to 10.0.0.2; all others fail. */
const SCRIPT: RuleScript = {
  ...{ name: 'pay', file: 'pay.groovy', app: 'pay', service: null, group: null, version: null },
  ...{ assumptions: [], callAssumptions: [] },
  rules: {
    ...{ app: 'pay', service: null, group: null, version: null, consumerHost: null },
    groups: ['10.0.0.1', '10.0.0.2'].map((v) => ({
      name: v,
      select: { p: 'test', term: { t: 'host' }, test: { op: 'eq', values: [{ t: 'java.lang.String', v }] } },
    })),
    outcomes: [
      { name: 'one', choices: [{ weight: 1, chain: ['10.0.0.1', '10.0.0.2'], otherwise: 'all' }] },
      { name: 'none', choices: [{ weight: 1, chain: [], otherwise: 'deny' }] },
    ],
    routes: [
      {
        ...{ name: 'r1', line: 3, facts: [], arguments: [], outcome: 'one' },
        match: [{ attachment: 'tag', text: { in: ['one'] } }],
      },
      { name: 'r2', line: 4, facts: [], match: [], arguments: [], outcome: 'none' },
    ],
  },
};
const CALLER: RuledCaller = { app: 'shop', facts: FACTS, scripts: [SCRIPT] };

/** An agent in sync, with an Envoy. */
function stageWith(caller: RuledCaller | null): MachineStage {
  const plan = planOf();
  const consumers = plan.consumers.map((consumer) => ({ ...consumer, rules: '/etc/weir/rules' }));
  const stage = new MachineStage({ ...plan, consumers });
  if (caller !== null) stage.rules(caller);
  stage.tell(...listing('pay', [1, 2, 3]), ...listing('stock', [7]));
  stage.synced();
  stage.connect();
  stage.envoy.settle();
  return stage;
}

function shown(stage: MachineStage) {
  return (consumerRoutes(stage.machine, 'shop', null) ?? []).map(({ interface: name, rule, members, source }) => {
    return [
      name,
      rule,
      members.map((member) => member.replace(/^10\.0\.0\.|:20880$/g, '')).join(''),
      source?.line ?? 0,
    ];
  });
}

describe('the rules of a consumer', () => {
  it('are routes and clusters of its Envoy, and other services have none', () => {
    const stage = stageWith(CALLER);
    assert.deepEqual(shown(stage), [
      ['com.acme.pay', 'r1', '1', 3],
      ['com.acme.pay', 'r2', '', 4],
      ['com.acme.stock', null, '7', 0],
    ]);
    const routes = [...(stage.envoy.has.get(TYPE.routes)?.values() ?? [])].join();
    assert.match(routes, /\|pay\|one/);
    const clusters = [...(stage.envoy.has.get(TYPE.cluster)?.keys() ?? [])];
    assert.equal(clusters.filter((name) => name.includes('|pay|')).length, 2);
  });

  it('follow the registry: who leaves is replaced by the next of the chain, without another route', () => {
    const stage = stageWith(CALLER);
    const before = [...(stage.envoy.has.get(TYPE.routes)?.values() ?? [])].join();
    stage.tell(...listing('pay', [2, 3]));
    stage.pass(1_000);
    stage.envoy.settle();
    assert.deepEqual(shown(stage)[0], ['com.acme.pay', 'r1', '2', 3]);
    const [members = ''] = [...(stage.envoy.has.get(TYPE.assignment) ?? [])]
      .filter(([name]) => name.endsWith('|pay|one'))
      .map(([, content]) => content);
    assert.match(members, /10\.0\.0\.2/);
    assert.equal([...(stage.envoy.has.get(TYPE.routes)?.values() ?? [])].join(), before);
  });

  it('leave calls of their services that come as HTTP where they wanted to go; other services are balanced', () => {
    const stage = stageWith(CALLER);
    for (const app of ['pay', 'stock']) {
      const url = `tri://10.0.0.9:50051/com.acme.${app}?application=${app}`;
      const read = readProviderUrl('/p', `com.acme.${app}`, encodeURIComponent(url));
      stage.tell({ registry: 'hz', kind: 'provider', interface: `com.acme.${app}`, id: url, read });
    }
    stage.pass(1_000);
    stage.envoy.settle();
    const [routes = ''] =
      stage.machine.sidecars
        .get('main')
        ?.store.get(TYPE.httpRoutes, 'http')
        ?.bytes.toString('latin1')
        .split('rest-service-group')
        .slice(1) ?? [];
    assert.match(routes, /com\.acme\.stock.*stock\|\w+\|http.*original-http/s);
    assert.doesNotMatch(routes, /com\.acme\.pay/);
  });

  it('that were not read leave every call at the address that the consumer picked', () => {
    const stage = stageWith(null);
    assert.deepEqual(
      shown(stage).map(([, rule, members]) => [rule, members]),
      [
        ['rules-refused', ''],
        ['rules-refused', ''],
      ],
    );
  });

  it('that change are other routes, and their clusters go when nobody needs them', () => {
    const stage = stageWith(CALLER);
    stage.rules({ ...CALLER, scripts: [] });
    stage.envoy.settle();
    assert.deepEqual(shown(stage)[0], ['com.acme.pay', null, '123', 0]);
    for (let seconds = 0; seconds < 70; seconds += 5) {
      stage.pass(5_000);
      stage.envoy.settle();
    }
    const clusters = [...(stage.envoy.has.get(TYPE.cluster)?.keys() ?? [])];
    assert.equal(clusters.filter((name) => name.includes('|pay|')).length, 0);
  });
});

describe('one call', () => {
  const call: RoutingCall = {
    ...{ service: 'com.acme.pay', method: 'm', paramTypes: [], args: [], consumer: {} },
    attachments: { tag: 'one' },
  };
  const explain = (change: Partial<RoutingCall>, stage = stageWith(CALLER)) => {
    const routes = consumerRoutes(stage.machine, 'shop', null) ?? [];
    const { rule, providers, keepsAddress } = explainRoute(routes, { ...call, ...change });
    return [rule, providers, keepsAddress];
  };

  it('is explained by the rule that decides it, and its providers', () => {
    assert.deepEqual(explain({}), ['r1', ['10.0.0.1:20880'], false]);
    assert.deepEqual(explain({ attachments: {} }), ['r2', [], false]);
    assert.deepEqual(explain({ service: 'com.acme.stock' }), [null, ['10.0.0.7:20880'], false]);
  });

  it('keeps its address where nobody offers the service, or its rules are not known', () => {
    assert.deepEqual(explain({ service: 'com.acme.other' }), [null, [], true]);
    assert.deepEqual(explain({ attachments: { tag: 'one', version: '2.0' } }), [null, [], true]);
    assert.deepEqual(explain({}, stageWith(null)), ['rules-refused', [], true]);
    assert.match(explainedText(explainRoute([], call)), /^no rule: the call goes to the address/);
  });
});

describe('a folder of rules', () => {
  const plan = planOf({ consumers: [{ name: 'shop', sidecar: 'main', apps: ['pay'], interfaces: [], rules: '/r' }] });

  function ports(change: Partial<AgentPorts>) {
    return { ownAddress: () => '10.9.0.1', rulesVersion: async () => 'v', ...change } as AgentPorts;
  }

  it('that cannot be read is told, and what was read before counts', async () => {
    const warnings: string[] = [];
    let isBroken = true;
    const readRules = async () => {
      if (isBroken) throw new Error('no such folder');
      return { scripts: [SCRIPT], faults: [] };
    };
    const rules = new ConsumerRules(ports({ readRules }), (text) => warnings.push(text));
    const [unread] = await rules.read(plan);
    assert.deepEqual([unread?.unread, unread?.scripts], ['the rules were not read', []]);
    assert.match(warnings.join(), /the rules of shop were not read: no such folder/);
    isBroken = false;
    const [read] = await rules.read(plan);
    assert.deepEqual([read?.unread, read?.scripts.length, read?.facts.host], [undefined, 1, '10.9.0.1']);
    isBroken = true;
    assert.deepEqual(await rules.read(plan), [read]);
  });

  it('is read again when it changes, and told once', async () => {
    let version = 'a';
    const ended = new AbortController();
    let looks = 0;
    const sleep = async () => {
      looks += 1;
      if (looks === 2) version = 'b';
      if (looks === 4) ended.abort();
    };
    const clock = { now: () => 0, monotonic: () => 0, sleep };
    const readRules = async () => ({ scripts: [SCRIPT], faults: [] });
    const rules = new ConsumerRules(ports({ clock, readRules, rulesVersion: async () => version }), () => undefined);
    await rules.read(plan);
    const told: RuledCaller[] = [];
    await rules.watch(plan, (caller) => told.push(caller), ended.signal);
    assert.equal(told.length, 1);
  });
});
