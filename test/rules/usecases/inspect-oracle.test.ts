import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Paint } from '../../../src/cli/paint.ts';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { formatInspection } from '../../../src/rules/text/inspection-text.ts';
import { type Inspection, inspectRules } from '../../../src/rules/usecases/inspect-rules.ts';
import type { ScriptOracle } from '../../../src/rules/usecases/ports.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const same = (text: string): string => text;
const PLAIN: Paint = { good: same, caution: same, bad: same, strong: same, faint: same };
const CASE = JSON.stringify({
  providers: ['10.0.0.1', '10.0.0.2'].map((host, index) => ({ id: `p${index + 1}`, host, port: 1, params: {} })),
});
const SCRIPTS = {
  dead: 'return invokers',
  broken: 'return invokers.findAll {',
  live: "return invokers.findAll { it.url.host == '10.0.0.1' }",
} as const;

function inspect(script: string, ask?: ScriptOracle['ask']): Promise<Inspection> {
  const files = new MemoryRuleFiles({ 'a.groovy': script, 'case.json': CASE });
  const request = { paths: ['a.groovy'], case: 'case.json', target: 'dubbo-mesh' } as const;
  return inspectRules(request, { files, oracle: ask === undefined ? undefined : { ask } });
}

describe('inspect with a real engine', () => {
  for (const [claim, script] of Object.entries(SCRIPTS)) {
    it(`says unknown, with the call, where the engine contradicts ${claim}`, async () => {
      assert.equal((await inspect(script)).scripts[0]?.effect, claim);
      const found = await inspect(script, async (_script, _providers, calls) => calls.map(() => ['p2']));
      const [only] = found.scripts;
      assert.equal(only?.effect, 'unknown');
      assert.equal(only?.fidelity, 'refused');
      assert.deepEqual(only?.reasons, []);
      assert.equal(only?.contradicted[0]?.code, 'WR060');
      assert.match(only?.contradicted[0]?.message ?? '', /gives \[p2\] where weir says .* for the call \{/);
      assert.match(formatInspection(found, PLAIN), /, unknown\n {2}WR060 r1: Real Groovy/);
    });

    it(`keeps ${claim} where there is no engine after all`, async () => {
      const found = await inspect(script, async () => null);
      assert.equal(found.scripts[0]?.effect, claim);
      assert.deepEqual(found.warnings, []);
    });
  }

  it('keeps a claim and warns where the engine gives no answer', async () => {
    const found = await inspect(SCRIPTS.dead, async () => {
      throw new WeirError('WEIR5030', { what: 'real Groovy gave no answer', why: 'late', hint: '-' });
    });
    assert.equal(found.scripts[0]?.effect, 'dead');
    assert.deepEqual(found.warnings, ['a.groovy: real Groovy gave no answer: late']);
  });
});
