/** Conversion of a folder. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConvertRequest, convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import { loadRules } from '../../../src/rules/usecases/evaluate-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const GOOD = "invokers.findAll { it.url.getParameter('env') == (invocation.methodName == 'save' ? 'gray' : 'prod') }";
const DENY = "if (invocation.methodName == 'save') return []\nreturn invokers";
const ACCEPT =
  'accept: [{id: WR045, script: deny.groovy, reason: callers are blocked by a filter, expires: 2027-01-01}]';

function convert(files: MemoryRuleFiles, request: Partial<ConvertRequest> = {}) {
  return convertRules(
    { paths: ['in'], out: 'out', target: 'dubbo-mesh', check: false, ...request },
    {
      files,
      today: '2026-11-24',
      weirVersion: '0.0.0',
      frame: (line) => line,
      progress: () => undefined,
    },
  );
}

function written(files: MemoryRuleFiles): string[] {
  return [...files.texts.keys()].filter((name) => name.startsWith('out/')).sort();
}

describe('converting a folder', () => {
  it('writes plan, documents and labels of each script, the same bytes twice', async () => {
    const files = new MemoryRuleFiles({ 'in/good.groovy': GOOD });
    assert.equal((await convert(files)).exit, 0);
    assert.deepEqual(written(files), [
      'out/good.dubbo-mesh.yaml',
      'out/good.labels.json',
      'out/good.plan.json',
      'out/weir-manifest.json',
    ]);
    const before = new Map(files.texts);
    await convert(files);
    assert.deepEqual(files.texts, before);
  });

  it('finds stale files with --check and writes nothing', async () => {
    const files = new MemoryRuleFiles({ 'in/good.groovy': GOOD });
    const first = await convert(files, { check: true });
    assert.equal(first.exit, 1);
    assert.deepEqual(written(files), []);
    await convert(files);
    assert.equal((await convert(files, { check: true })).exit, 0);
    files.texts.set('out/good.dubbo-mesh.yaml', 'edited');
    assert.deepEqual((await convert(files, { check: true })).json.stale, ['good.dubbo-mesh.yaml']);
  });

  it('goes on past a file that is no rule, and writes nothing for it', async () => {
    const files = new MemoryRuleFiles({
      'in/bad.yaml': 'configVersion: v3.0\nkey: x\nconditions: [\n',
      'in/good.groovy': GOOD,
    });
    const outcome = await convert(files);
    assert.equal(outcome.errors.length, 1);
    assert.match(outcome.errors[0]?.message ?? '', /^in\/bad\.yaml:\d+:\d+/);
    assert.equal(
      written(files).some((name) => name.includes('bad')),
      false,
    );
    assert.ok(written(files).includes('out/good.dubbo-mesh.yaml'));
  });

  it('makes no live rule of a script without effect, and takes an old one away', async () => {
    const files = new MemoryRuleFiles({
      'in/dead.groovy': 'def route(x) { [] }\ninvokers',
      'out/dead.dubbo-mesh.yaml': 'old',
    });
    const outcome = await convert(files);
    assert.equal(outcome.json.scripts[0]?.effect, 'dead');
    assert.equal(outcome.exit, 1);
    assert.equal(files.texts.has('out/dead.dubbo-mesh.yaml'), false);
    assert.deepEqual(await loadRules(files, 'out', { target: 'dubbo-mesh' }), {
      kind: 'no-rule',
      effect: 'none',
      name: 'dead',
    });
  });

  it('ends with 1 for a refused rule until a reviewed entry accepts it', async () => {
    const files = new MemoryRuleFiles({ 'in/deny.groovy': DENY, 'accept.yaml': ACCEPT });
    assert.equal((await convert(files)).exit, 1);
    const accepted = await convert(files, { accept: 'accept.yaml' });
    assert.deepEqual([accepted.exit, accepted.warnings], [0, []]);
    files.texts.set('accept.yaml', ACCEPT.replace('2027-01-01', '2026-01-01'));
    const expired = await convert(files, { accept: 'accept.yaml' });
    assert.equal(expired.exit, 1);
    assert.match(expired.warnings[0] ?? '', /expired/);
  });

  it('writes weighted routes only when WR041 is accepted', async () => {
    const random =
      "def r = new Random().nextInt(100)\nif (r < 20) return invokers.findAll { it.url.parameters.env == 'gray' }\nreturn invokers.findAll { it.url.parameters.env == 'prod' }";
    const files = new MemoryRuleFiles({
      'in/random.groovy': random,
      'accept.yaml': 'accept: [{id: WR041, reason: shares were read, expires: 2027-01-01}]',
    });
    await convert(files);
    assert.doesNotMatch(files.texts.get('out/random.dubbo-mesh.yaml') ?? '', /weight/);
    const outcome = await convert(files, { accept: 'accept.yaml' });
    assert.equal(outcome.json.scripts[0]?.fidelity, 'lossy');
    assert.match(files.texts.get('out/random.dubbo-mesh.yaml') ?? '', /weight: 2000[\s\S]*weight: 8000/);
    assert.equal(outcome.exit, 0);
  });

  it('reports in Markdown and SARIF', async () => {
    const files = new MemoryRuleFiles({ 'in/deny.groovy': DENY });
    await convert(files, { report: 'r.md', sarif: 's.sarif' });
    assert.match(files.texts.get('r.md') ?? '', /WR045[\s\S]*deny\.groovy:1:/);
    const log = JSON.parse(files.texts.get('s.sarif') ?? '{}');
    assert.equal(log.version, '2.1.0');
    assert.equal(log.runs[0].results[0].ruleId, 'WR045');
  });
});

describe('files of a conversion that are read back', () => {
  const read = (files: MemoryRuleFiles) => loadRules(files, 'out', { target: 'dubbo-mesh' });

  for (const name of ['good.plan.json', 'good.labels.json']) {
    it(`${name}: torn, foreign and newer ones are named, exit 2; one from before versions is read`, async () => {
      const files = new MemoryRuleFiles({ 'in/good.groovy': GOOD });
      await convert(files);
      const path = `out/${name}`;
      const text = files.texts.get(path) ?? '';
      assert.equal((await read(files)).kind, 'documents');
      for (const broken of ['{"groups":', '[]', '7', '{"groups":7,"source":[]}']) {
        files.texts.set(path, broken);
        await assert.rejects(read(files), { code: 'WEIR5028', exit: 2, what: new RegExp(path) }, broken);
      }
      files.texts.set(path, JSON.stringify({ ...JSON.parse(text), schemaVersion: 99 }));
      await assert.rejects(read(files), { code: 'WEIR2025', exit: 2 });
      const { schemaVersion: _, ...old } = JSON.parse(text);
      files.texts.set(path, JSON.stringify(old));
      assert.equal((await read(files)).kind, 'documents');
    });
  }

  it('a plan that cannot be read does not hide the script that is wanted', async () => {
    const files = new MemoryRuleFiles({ 'in/good.groovy': GOOD, 'in/deny.groovy': GOOD });
    await convert(files);
    files.texts.set('out/deny.plan.json', '{');
    const wanted = { target: 'dubbo-mesh', isSource: (path: string) => path.endsWith('good.groovy') } as const;
    assert.equal((await loadRules(files, 'out', wanted)).name, 'good');
    const other = { target: 'dubbo-mesh', isSource: (path: string) => path.endsWith('deny.groovy') } as const;
    await assert.rejects(loadRules(files, 'out', other), { code: 'WEIR5028' });
  });
});
