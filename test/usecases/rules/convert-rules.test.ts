import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { type ConvertRequest, convertRules } from '../../../src/usecases/rules/convert-rules.ts';
import { loadRules } from '../../../src/usecases/rules/evaluate-rules.ts';
import { planRuleFile } from '../../../src/usecases/rules/plan-rule-file.ts';
import type { RuleFiles } from '../../../src/usecases/rules/ports.ts';

const GOOD = "invokers.findAll { it.url.getParameter('env') == (invocation.methodName == 'save' ? 'gray' : 'prod') }";
const DENY = "if (invocation.methodName == 'save') return []\nreturn invokers";
const ACCEPT =
  'accept: [{id: WR045, script: deny.groovy, reason: callers are blocked by a filter, expires: 2027-01-01}]';

/** A file system in memory, with the errors of the real one. */
class MemoryFiles implements RuleFiles {
  readonly texts: Map<string, string>;
  constructor(texts: Record<string, string>) {
    this.texts = new Map(Object.entries(texts));
  }
  async list(paths: readonly string[]): Promise<string[]> {
    return [...this.texts.keys()]
      .filter((name) => paths.some((path) => name === path || name.startsWith(`${path}/`)))
      .sort();
  }
  async read(path: string): Promise<string> {
    const text = this.texts.get(path);
    if (text !== undefined) return text;
    throw new WeirError('WEIR5020', {
      what: `${path} cannot be read`,
      why: 'there is no such file',
      hint: 'name another',
    });
  }
  async readIfPresent(path: string): Promise<string | null> {
    return this.texts.get(path) ?? null;
  }
  async listFolder(folder: string): Promise<string[]> {
    return [...this.texts.keys()]
      .filter((name) => name.startsWith(`${folder}/`))
      .map((name) => name.slice(folder.length + 1));
  }
  async write(path: string, text: string): Promise<void> {
    this.texts.set(path, text);
  }
  async remove(path: string): Promise<void> {
    this.texts.delete(path);
  }
}

function convert(files: MemoryFiles, request: Partial<ConvertRequest> = {}) {
  return convertRules(
    { paths: ['in'], out: 'out', target: 'dubbo-mesh', check: false, ...request },
    {
      files,
      plan: planRuleFile,
      today: '2026-11-24',
      weirVersion: '0.0.0',
      frame: (line) => line,
      progress: () => undefined,
    },
  );
}

function written(files: MemoryFiles): string[] {
  return [...files.texts.keys()].filter((name) => name.startsWith('out/')).sort();
}

describe('converting a folder', () => {
  it('writes plan, documents and labels of each script, the same bytes twice', async () => {
    const files = new MemoryFiles({ 'in/good.groovy': GOOD });
    assert.equal((await convert(files)).exit, 0);
    assert.deepEqual(written(files), ['out/good.dubbo-mesh.yaml', 'out/good.labels.json', 'out/good.plan.json']);
    const before = new Map(files.texts);
    await convert(files);
    assert.deepEqual(files.texts, before);
  });

  it('finds stale files with --check and writes nothing', async () => {
    const files = new MemoryFiles({ 'in/good.groovy': GOOD });
    const first = await convert(files, { check: true });
    assert.equal(first.exit, 1);
    assert.deepEqual(written(files), []);
    await convert(files);
    assert.equal((await convert(files, { check: true })).exit, 0);
    files.texts.set('out/good.dubbo-mesh.yaml', 'edited');
    assert.deepEqual((await convert(files, { check: true })).json.stale, ['good.dubbo-mesh.yaml']);
  });

  it('goes on past a file that is no rule, and writes nothing for it', async () => {
    const files = new MemoryFiles({
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
    const files = new MemoryFiles({
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
    const files = new MemoryFiles({ 'in/deny.groovy': DENY, 'accept.yaml': ACCEPT });
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
    const files = new MemoryFiles({
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
    const files = new MemoryFiles({ 'in/deny.groovy': DENY });
    await convert(files, { report: 'r.md', sarif: 's.sarif' });
    assert.match(files.texts.get('r.md') ?? '', /WR045[\s\S]*deny\.groovy:1:/);
    const log = JSON.parse(files.texts.get('s.sarif') ?? '{}');
    assert.equal(log.version, '2.1.0');
    assert.equal(log.runs[0].results[0].ruleId, 'WR045');
  });
});
