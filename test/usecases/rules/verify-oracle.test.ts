import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import type { RoutingCall, RoutingProvider } from '../../../src/routing/case-file.ts';
import { evaluateRuleSource } from '../../../src/routing/evaluate-rule-source.ts';
import { readRuleFile } from '../../../src/routing/read/read-rule-file.ts';
import { convertRules } from '../../../src/usecases/rules/convert-rules.ts';
import { planRuleFile } from '../../../src/usecases/rules/plan-rule-file.ts';
import type { RuleFiles, ScriptOracle } from '../../../src/usecases/rules/ports.ts';
import { type Verification, verifyRules } from '../../../src/usecases/rules/verify-rules.ts';

const SCRIPT = [
  "if (invocation.methodName == 'pay') return invokers.findAll { it.url.host == '10.0.0.1' }",
  'return invokers',
].join('\n');
const PROVIDERS = ['10.0.0.1', '10.0.0.2'].map((host, index) => ({
  id: `p${index + 1}`,
  host,
  port: 20880,
  params: {},
}));
const SERVICES = [{ interface: 's.Pay', methods: [{ name: 'pay', paramTypes: ['long'] }] }];

// Files in memory: the script, the estate and what `convert` writes.
function memoryFiles(): RuleFiles {
  const texts = new Map([
    ['pay.groovy', SCRIPT],
    ['case.json', JSON.stringify({ providers: PROVIDERS, services: SERVICES })],
  ]);
  return {
    list: async (paths) => [...paths],
    read: async (path) => texts.get(path) ?? assert.fail(path),
    readIfPresent: async (path) => texts.get(path) ?? null,
    listFolder: async (folder) =>
      [...texts.keys()].filter((name) => name.startsWith(`${folder}/`)).map((name) => name.slice(folder.length + 1)),
    write: async (path, text) => void texts.set(path, text),
    remove: async (path) => void texts.delete(path),
  };
}

// An engine that does what weir's evaluator says.
const agreeing: ScriptOracle['ask'] = async (script, providers, calls, types) => {
  const source = readRuleFile('asked.groovy', script);
  return calls.map((call) => {
    const present = providers.filter(({ id }) => call.only?.includes(id) ?? true) as RoutingProvider[];
    const known = { providers: present, services: SERVICES, types, machineGroups: {}, calls: [] };
    const outcome = evaluateRuleSource(source, call, known);
    if (outcome.kind === 'providers') return outcome.ids;
    return outcome.kind === 'ignored' ? 'ALL(ignored)' : assert.fail(outcome.kind);
  });
};

async function verifyWith(ask: ScriptOracle['ask']): Promise<Verification & { warnings: string[] }> {
  const files = memoryFiles();
  const request = { paths: ['pay.groovy'], case: 'case.json', target: 'dubbo-mesh', check: false } as const;
  await convertRules(
    { ...request, out: 'mesh' },
    { files, plan: planRuleFile, today: '2026-01-01', weirVersion: '0', frame: () => '', progress: () => undefined },
  );
  const warnings: string[] = [];
  const ports = { files, plan: planRuleFile, oracle: { ask }, warn: (warning: string) => void warnings.push(warning) };
  return { ...(await verifyRules({ ...request, rules: 'mesh' }, ports)), warnings };
}

describe('verify with a real engine', () => {
  it('raises a rule to proved+oracle when all its calls are equal there', async () => {
    const { scripts, disagreements } = await verifyWith(agreeing);
    assert.deepEqual(
      scripts[0]?.rules.map((rule) => rule.verdict),
      ['proved+oracle', 'proved+oracle'],
    );
    assert.equal(disagreements, 0);
  });

  it('makes a rule unverified, with the call, when one is not', async () => {
    const isPay = (call: RoutingCall | undefined) => call?.method === 'pay';
    const { scripts, disagreements } = await verifyWith(async (script, providers, calls, types) => {
      const outcomes = await agreeing(script, providers, calls, types);
      return outcomes.map((outcome, index) => (isPay(calls[index]) ? ['p2'] : outcome));
    });
    const [pay, rest] = scripts[0]?.rules ?? [];
    assert.equal(pay?.verdict, 'unverified');
    assert.equal(pay?.oracle?.differences[0]?.call.method, 'pay');
    assert.equal(pay?.oracle?.differences[0]?.plan, '[p1]');
    assert.equal(rest?.verdict, 'proved+oracle');
    assert.equal(disagreements, 1);
  });

  it('keeps the verdict and counts an open question when the engine does not answer', async () => {
    const { scripts, disagreements, warnings } = await verifyWith(async () => {
      throw new WeirError('WEIR5030', { what: 'real Groovy gave no answer', why: 'late', hint: '-' });
    });
    assert.deepEqual(
      scripts[0]?.rules.map((rule) => rule.verdict),
      ['proved', 'proved'],
    );
    assert.equal(disagreements, 2);
    assert.match(warnings.join(), /no answer/);
  });

  it('raises nothing by a call that the engine cannot be asked', async () => {
    const { scripts, disagreements } = await verifyWith(async (_script, _providers, calls) =>
      calls.map(() => 'UNASKABLE'),
    );
    assert.deepEqual(
      scripts[0]?.rules.map((rule) => rule.verdict),
      ['proved', 'proved'],
    );
    assert.equal(disagreements, 0);
  });
});
