/** verify with a real engine. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import type { RoutingCall, RoutingProvider } from '../../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../../src/rules/evaluate-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';
import { convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import type { ScriptOracle } from '../../../src/rules/usecases/ports.ts';
import { type Verification, verifyRules } from '../../../src/rules/usecases/verify-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

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
function memoryFiles(): MemoryRuleFiles {
  return new MemoryRuleFiles({
    'pay.groovy': SCRIPT,
    'case.json': JSON.stringify({ providers: PROVIDERS, services: SERVICES }),
  });
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
    { files, today: '2026-01-01', weirVersion: '0', frame: () => '', progress: () => undefined },
  );
  const warnings: string[] = [];
  const ports = {
    files,
    oracle: { ask },
    today: '2026-01-01',
    warn: (warning: string) => void warnings.push(warning),
  };
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
      const outcomes = (await agreeing(script, providers, calls, types)) ?? [];
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

  it('leaves the verdicts alone where there is no engine after all', async () => {
    const { scripts, disagreements, warnings } = await verifyWith(async () => null);
    assert.deepEqual(
      scripts[0]?.rules.map(({ verdict, oracle }) => [verdict, oracle]),
      [
        ['proved', undefined],
        ['proved', undefined],
      ],
    );
    assert.equal(disagreements, 0);
    assert.deepEqual(warnings, []);
  });

  it('shows a script without documents as a difference where the engine sees an effect', async () => {
    const files = new MemoryRuleFiles({
      'pay.groovy': SCRIPT,
      'dead.groovy': 'return invokers',
      'case.json': JSON.stringify({ providers: PROVIDERS, services: SERVICES }),
    });
    const request = { paths: ['pay.groovy', 'dead.groovy'], case: 'case.json', target: 'dubbo-mesh' } as const;
    const ports = { files, today: '2026-01-01' };
    await convertRules(
      { ...request, out: 'mesh', check: false },
      { ...ports, weirVersion: '0', frame: () => '', progress: () => undefined },
    );
    const verified = (ask: ScriptOracle['ask']) =>
      verifyRules({ ...request, rules: 'mesh' }, { ...ports, oracle: { ask } });
    const deadRule = ({ scripts }: Verification) => scripts.find(({ path }) => path === 'dead.groovy')?.rules[0];
    const equal = await verified(agreeing);
    assert.equal(deadRule(equal)?.state, 'none');
    assert.equal(equal.disagreements, 0);
    const other = await verified(async (script, providers, calls, types) =>
      script === 'return invokers' ? calls.map(() => ['p2']) : agreeing(script, providers, calls, types),
    );
    assert.equal(deadRule(other)?.state, 'left');
    assert.equal(deadRule(other)?.oracle?.differences[0]?.real, '[p2]');
    assert.equal(other.disagreements, 1);
    assert.equal(other.open, 1);
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
