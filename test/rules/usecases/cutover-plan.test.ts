/** The steps of a cut-over: which there are, their order, and the run book. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planCutover } from '../../../src/rules/usecases/cutover-plan.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const GOOD = "invokers.findAll { it.url.getParameter('env') == (invocation.methodName == 'save' ? 'gray' : 'prod') }";
const DENY = [
  "if (invocation.methodName == 'save') return []",
  "return invokers.findAll { it.url.getParameter('env') == 'prod' }",
].join('\n');
const CARRIER = [
  'scope: application',
  'type: groovy',
  'key: orders',
  'enabled: true',
  'script: |',
  `  ${GOOD}`,
  '',
].join('\n');

async function cutover(name: string, text: string, target: 'dubbo-mesh' | 'istio' = 'dubbo-mesh') {
  const files = new MemoryRuleFiles({ [`in/${name}`]: text });
  const result = await planCutover(
    { paths: ['in'], out: 'out', target, check: false },
    {
      files,
      today: '2026-11-24',
      weirVersion: '0.0.0',
      frame: (line) => line,
      progress: () => undefined,
    },
  );
  const steps = result.scripts[0]?.steps ?? [];
  return { files, result, steps, titles: steps.map(({ title }) => title) };
}

const REMOVAL = ['Switch the script off, do not delete it', 'Restart the consumers', 'Delete the script'];
const RULES = ['Labels first', 'VirtualService and DestinationRule in one text', 'Verification with both in place'];

describe('planning a cut-over', () => {
  it('sets labels before rules, and deletes the script last', async () => {
    const { titles, result } = await cutover('good.groovy', GOOD);
    assert.deepEqual(titles, [...RULES, ...REMOVAL]);
    assert.deepEqual(result.errors, []);
  });

  it('keeps the script while a rule of it is refused', async () => {
    const { titles, steps } = await cutover('deny.groovy', DENY);
    assert.deepEqual(titles, [...RULES, 'Stop here']);
    assert.match(steps.at(-1)?.action ?? '', /^The script must stay enabled for \S+/);
    assert.match(steps[2]?.action ?? '', /Rules \S+ stay with the script\.$/);
  });

  it('has nothing to write for a dead script, which can go', async () => {
    const { titles } = await cutover('dead.groovy', 'def route(x) { [] }\ninvokers');
    assert.deepEqual(titles, REMOVAL);
  });

  it('changes nothing when nothing could be converted', async () => {
    const { titles } = await cutover('opaque.groovy', 'return com.acme.Routing.choose(invokers)');
    assert.deepEqual(titles, ['Keep the script']);
  });

  it('names the place where the script is stored', async () => {
    const bare = await cutover('good.groovy', GOOD);
    assert.match(bare.steps[3]?.action ?? '', /enabled: false in the place where the script is stored/);
    const carried = await cutover('good.yaml', CARRIER);
    assert.match(carried.steps[3]?.action ?? '', /enabled: false in orders\.script-router/);
    assert.match(carried.steps[1]?.action ?? '', /under orders\.MESHAPPRULE/);
  });

  it('takes each kind of rule away in its own way, without a restart where none is needed', async () => {
    // None of them has an effect, so that its removal is all there is to do.
    const condition =
      'scope: service\nkey: com.acme.Orders\nenabled: false\nconditions:\n  - method=pay => host=10.0.0.1\n';
    const tag =
      'configVersion: v3.0\nkey: orders\nenabled: false\ntags:\n  - name: gray\n    addresses: ["10.0.0.1:20880"]\n';
    const url = `script://0.0.0.0/com.acme.Orders?category=routers&rule=${encodeURIComponent('return invokers')}&type=groovy`;
    assert.deepEqual((await cutover('condition.yaml', condition)).titles, ['Switch the rule off', 'Delete the rule']);
    assert.deepEqual((await cutover('tag.yaml', tag)).titles, ['Switch the rule off', 'Delete the rule']);
    assert.deepEqual((await cutover('rule.url', url)).titles, ['Take the URL out of the registry']);
  });

  it('applies the documents of another target as one file', async () => {
    const { steps } = await cutover('good.groovy', GOOD, 'istio');
    assert.equal(steps[1]?.action, 'Apply good.istio.yaml in one go.');
  });

  it('writes a run book beside the documents, each step with its check and its rollback', async () => {
    const { files, result, steps } = await cutover('good.groovy', GOOD);
    assert.equal(result.scripts[0]?.file, 'good.cutover.md');
    assert.ok(files.texts.has('out/good.dubbo-mesh.yaml'));
    const book = files.texts.get('out/good.cutover.md') ?? '';
    assert.match(book, /^# Cut-over of in\/good\.groovy\n/);
    assert.ok(book.endsWith('\n') && !book.endsWith('\n\n'));
    steps.forEach(({ title, action, check, back }, index) => {
      const from = book.indexOf(`## ${index + 1}. ${title}`);
      const places = [action, `- Check: ${check}`, `- Rollback: ${back}`].map((part) => book.indexOf(part, from));
      assert.ok(from > 0 && places.every((place) => place > from), title);
    });
  });

  it('lists a file that cannot be used and plans the others', async () => {
    const { result } = await cutover('bad.yaml', 'configVersion: v3.0\nkey: x\nconditions: [\n');
    assert.deepEqual(result.scripts, []);
    assert.match(result.errors[0]?.what ?? '', /in\/bad\.yaml/);
  });
});
