/** Several kinds of rules for one application: the routers of real Dubbo one after another, beside the documents of each rule. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoutingCall, RoutingProvider } from '../../src/rules/case-file.ts';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { evaluateDocuments } from '../../src/rules/evaluate-documents.ts';
import { loadTargetModel } from '../../src/rules/models/load-model.ts';
import { targetVersion } from '../../src/rules/targets/lower.ts';
import { markJoint } from '../../src/rules/usecases/joint-rules.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import type { PlannedRule } from '../../src/rules/usecases/ports.ts';
import { startRouterOracle } from '../oracle/dubbo/router-oracle.ts';

const APP = 'shop';
const TAG = `configVersion: v3.0\nforce: false\nenabled: true\nkey: ${APP}\ntags:\n  - name: gray\n    match: [{key: env, value: {exact: gray}}]\n`;
const CONDITION = `configVersion: v3.0\nscope: application\nforce: true\nruntime: true\nenabled: true\nkey: ${APP}\nconditions:\n  - method=pay => env=gray\n`;
const PROVIDERS: readonly RoutingProvider[] = [
  { id: 'p1', host: '10.20.3.1', port: 20880, params: { env: 'gray' } },
  { id: 'p2', host: '10.20.3.2', port: 20880, params: { env: 'blue' } },
];
const CALLS: readonly RoutingCall[] = ['pay', 'find'].flatMap((method) =>
  [{}, { 'dubbo.tag': 'gray' }].map((attachments) => ({
    service: 'com.acme.Shop',
    method,
    paramTypes: [],
    args: [],
    attachments,
    consumer: { application: 'web', host: '10.9.0.7' },
  })),
);
const KNOWN = { app: APP, providers: [...PROVIDERS], services: [], types: {}, machineGroups: {}, calls: [] };

/** What the documents of one rule give, as if it were alone. */
function byDocuments({ plan }: PlannedRule): readonly string[][] {
  const version = targetVersion('dubbo-mesh', undefined);
  const accepted = new Set(['WR078']);
  const { text, labels } = convertPlan({
    plan,
    name: 'r',
    target: 'dubbo-mesh',
    version,
    services: [],
    providers: PROVIDERS,
    accepted,
  });
  assert.ok(text !== null);
  const loading = loadTargetModel('dubbo-mesh', version, text);
  assert.ok(loading.ok);
  const documents = { model: loading.model, labels, generated: false };
  return CALLS.map((call, at) => [...(evaluateDocuments(documents, call, at, PROVIDERS).providers ?? [])].sort());
}

describe('a tag rule and a condition rule of one application', () => {
  for (const engine of ['3.2', '3.3'] as const) {
    it(`do together on Dubbo ${engine} what the documents of neither say, so none is written`, async () => {
      await using oracle = await startRouterOracle(engine);
      const ask = async (
        kind: 'tag' | 'condition-yaml',
        rule: string,
        calls: readonly RoutingCall[],
      ): Promise<string[][]> => {
        const answers = await oracle.ask({ kind, rule, app: APP, providers: PROVIDERS, calls });
        return answers.map((answer) => (typeof answer === 'string' ? [] : [...answer].sort()));
      };
      const tagged = await ask('tag', TAG, CALLS);
      const chain = await ask(
        'condition-yaml',
        CONDITION,
        CALLS.map((call, at) => ({ ...call, only: tagged[at] ?? [] })),
      );
      assert.deepEqual(chain, [[], ['p1'], ['p2'], ['p1']]);
      const files = Object.entries({ 'condition.yaml': CONDITION, 'tag.yaml': TAG }).map(([name, text]) => ({
        name,
        planned: planRuleFile(name, text, { ...KNOWN, engine }),
      }));
      const together = markJoint(files);
      for (const planned of together) {
        assert.ok(planned.plan.notes.some(({ code }) => code === 'WR078'));
        assert.notDeepEqual(byDocuments(planned), chain);
      }
    });
  }
});
