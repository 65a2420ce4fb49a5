/** States of rules in verify. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import { verifyRules } from '../../../src/rules/usecases/verify-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const GOOD =
  "if (invocation.methodName == 'pay') return invokers.findAll { it.url.host == '10.0.0.1' }\nreturn invokers";
const PART = "if (invocation.methodName == 'pay') return invokers.take(1)\nreturn invokers";
const ASSUMING =
  "def old = invokers.findAll { it.url.getParameter('version').startsWith('1.') }\nreturn invocation.methodName == 'a' ? old : invokers";

async function convertAndVerify(
  texts: Record<string, string>,
  { accept, target = 'dubbo-mesh' }: { accept?: string; target?: 'dubbo-mesh' | 'istio' } = {},
) {
  const files = new MemoryRuleFiles({ ...texts, ...(accept === undefined ? {} : { 'accept.yaml': accept }) });
  const request = { paths: Object.keys(texts), ...(accept === undefined ? {} : { accept: 'accept.yaml' }) };
  const ports = { files, today: '2026-01-01' };
  const conversion = await convertRules(
    { ...request, out: 'mesh', target: 'dubbo-mesh', check: false },
    { ...ports, weirVersion: '0', frame: () => '', progress: () => undefined },
  );
  const verify = () => verifyRules({ ...request, rules: 'mesh', target }, ports);
  return { files, conversion, verify };
}

describe('verify', () => {
  it('has nothing open when every rule is converted and proved', async () => {
    const { verify } = await convertAndVerify({ 'good.groovy': GOOD });
    const { open, scripts } = await verify();
    assert.equal(open, 0);
    assert.deepEqual(
      scripts[0]?.rules.map((rule) => [rule.state, rule.verdict]),
      [
        ['converted', 'proved'],
        ['converted', 'proved'],
      ],
    );
  });

  it('leaves a refused rule open, and says that it is left, until a reviewed entry accepts it', async () => {
    const { verify } = await convertAndVerify({ 'part.groovy': PART });
    const { open, scripts } = await verify();
    assert.equal(open, 1);
    assert.deepEqual([scripts[0]?.rules[0]?.state, scripts[0]?.rules[0]?.verdict], ['left', 'unverified']);
    const accept = 'accept: [{id: WR016, reason: load balancing does it, expires: 2027-01-01}]';
    const accepted = await (await convertAndVerify({ 'part.groovy': PART }, { accept })).verify();
    assert.equal(accepted.open, 0);
    assert.equal(accepted.scripts[0]?.rules[0]?.accepted, true);
    const other = 'accept: [{id: WR041, reason: another one, expires: 2027-01-01}]';
    assert.equal((await (await convertAndVerify({ 'part.groovy': PART }, { accept: other })).verify()).open, 1);
  });

  it('refuses to call it a success when there were no documents of the target', async () => {
    const { verify } = await convertAndVerify({ 'good.groovy': GOOD }, { target: 'istio' });
    await assert.rejects(verify(), (error) => error instanceof WeirError && error.code === 'WEIR5023');
  });

  it('refuses to call it a success when nothing of the scripts was converted', async () => {
    const { verify } = await convertAndVerify({ 'all.groovy': 'return invokers.take(1)' });
    // Not that it should be converted: that was done, and nothing came of it.
    await assert.rejects(verify(), {
      code: 'WEIR5023',
      why: /no document came of them: what they do stays with them$/,
    });
    const dead = await convertAndVerify({ 'dead.groovy': 'return invokers' });
    await assert.rejects(dead.verify(), { code: 'WEIR5023', why: /they need none, since they have no effect$/ });
  });

  it('goes on past a file that is no rule', async () => {
    const { files, verify } = await convertAndVerify({ 'good.groovy': GOOD, 'part.groovy': PART });
    files.texts.set('good.groovy', 'configVersion: v3.0\nscript: [');
    files.texts.delete('mesh/good.plan.json');
    const { errors, scripts } = await verify();
    assert.ok(errors.length + scripts.length === 2, JSON.stringify(errors));
  });

  it('finds a document that was changed by hand', async () => {
    const { files, verify } = await convertAndVerify({ 'good.groovy': GOOD });
    const text = files.texts.get('mesh/good.dubbo-mesh.yaml') ?? '';
    files.texts.set('mesh/good.dubbo-mesh.yaml', text.replace("{exact: 'pay'}", "{exact: 'play'}"));
    const { open, disagreements } = await verify();
    assert.ok(open > 0 && disagreements > 0);
  });
});

describe('what a conversion takes for granted', () => {
  it('stands in JSON, and in the head of the documents', async () => {
    const { conversion, files } = await convertAndVerify({ 'old.groovy': ASSUMING });
    const [script] = conversion.json.scripts;
    const told = script?.diagnostics.filter((one) => one.code === 'WR062') ?? [];
    assert.equal(told.length, 1, JSON.stringify(script));
    assert.match(told[0]?.message ?? '', /version is null.*NullPointerException/);
    assert.match(
      files.texts.get('mesh/old.dubbo-mesh.yaml') ?? '',
      /^# Taken for granted: no provider with version is null/m,
    );
  });
});

describe('a rule on a pattern', () => {
  const states = async (pattern: string) => {
    const script = `if (invocation.methodName ==~ ${pattern}) return invokers.findAll { it.url.host == '10.0.0.1' }\nreturn invokers`;
    const { conversion } = await convertAndVerify({ 'a.groovy': script });
    return conversion.json.scripts[0]?.rules.map(({ state, verdict, fidelity }) => [state, verdict, fidelity]);
  };

  it('is proved with the anchors of a whole text, as most people write them', async () => {
    for (const pattern of ['/^(get|find).*$/', '/^get.*|^find.*/']) {
      assert.deepEqual(
        (await states(pattern))?.map(([state, verdict]) => [state, verdict]),
        [
          ['converted', 'proved'],
          ['converted', 'proved'],
        ],
        pattern,
      );
    }
  });
});

describe('rules in the JSON of a conversion', () => {
  it('have a state and a sentence, and the totals count them', async () => {
    const { conversion } = await convertAndVerify({ 'part.groovy': PART });
    const { scripts, totals } = conversion.json;
    assert.deepEqual(
      scripts[0]?.rules.map(({ state, shadowedBy, says }) => [state, shadowedBy, says.split(' -> ')[0]]),
      [
        ['left', [], 'method = pay'],
        ['converted', [], 'otherwise'],
      ],
    );
    assert.deepEqual(totals.states, { converted: 1, shadowed: 0, left: 1, none: 0 });
    assert.equal(totals.proved, 1);
  });
});
