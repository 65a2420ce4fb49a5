/** What inspection says of each file, and that it writes nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Paint } from '../../../src/cli/paint.ts';
import { formatInspection } from '../../../src/rules/text/inspection-text.ts';
import { inspectRules } from '../../../src/rules/usecases/inspect-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const same = (text: string): string => text;
const PLAIN: Paint = { good: same, caution: same, bad: same, strong: same, faint: same };
const LIVE = "return invokers.findAll { it.url.getParameter('env') == 'gray' }";
const DENY = "if (invocation.methodName == 'save') return []\nreturn invokers";
const TAGS =
  'configVersion: v3.0\nkey: orders\nenabled: true\ntags:\n  - name: gray\n    addresses: ["10.0.0.1:20880"]\n';
const CONDITION = [
  'scope: service',
  'key: com.acme.Orders',
  'enabled: false',
  'conditions:',
  '  - method=save => host=10.0.0.1',
  '',
].join('\n');

function inspect(texts: Record<string, string>) {
  const files = new MemoryRuleFiles(texts);
  const before = new Map(files.texts);
  return {
    result: inspectRules({ paths: ['in'], target: 'dubbo-mesh' }, { files }),
    isUntouched: () => assert.deepEqual(files.texts, before),
  };
}

describe('inspecting rules', () => {
  it('counts the rules of a script by how they come out, and names the worst', async () => {
    const { result, isUntouched } = inspect({ 'in/deny.groovy': DENY });
    const { scripts, errors } = await result;
    isUntouched();
    assert.deepEqual(errors, []);
    const [script] = scripts;
    assert.deepEqual([script?.path, script?.effect, script?.fidelity], ['in/deny.groovy', 'live', 'refused']);
    const { exact = 0, noted = 0, lossy = 0, refused = 0 } = script?.rules ?? {};
    assert.ok(refused > 0 && exact + noted > 0, `${exact} ${noted} ${lossy} ${refused}`);
  });

  it('says why a rule is not exact, with its place, and says nothing twice', async () => {
    const files = { 'in/deny.groovy': DENY, 'in/dead.groovy': 'def route(x) { [] }\ninvokers', 'in/live.groovy': LIVE };
    const found = await inspect(files).result;
    for (const { path, diagnostics, reasons } of found.scripts) {
      const text = formatInspection({ ...found, scripts: found.scripts.filter((one) => one.path === path) }, PLAIN);
      assert.ok(diagnostics.length > 0, path);
      for (const { code, line, column, message } of diagnostics) {
        assert.equal(text.split(message).length, 2, `${message} in\n${text}`);
        if (!reasons.includes(message)) assert.ok(text.includes(`  ${code} ${line}:${column} ${message}`), text);
      }
    }
  });

  it('says that exact holds while a group has a provider', async () => {
    const found = await inspect({ 'in/live.groovy': LIVE }).result;
    assert.deepEqual([found.scripts[0]?.rules.exact, found.scripts[0]?.rules.exactWhilePresent], [1, 1]);
    assert.match(formatInspection(found, PLAIN), /1 exact \(1 while their groups have a provider, WR045\)/);
  });

  it('tells dead from live, with the reason', async () => {
    const { scripts } = await inspect({ 'in/dead.groovy': 'def route(x) { [] }\ninvokers', 'in/live.groovy': LIVE })
      .result;
    assert.deepEqual(
      scripts.map(({ effect }) => effect),
      ['dead', 'live'],
    );
    assert.equal(scripts[0]?.reasons.length, 1);
    assert.deepEqual(scripts[1]?.reasons, []);
  });

  it('tells what kind of rule each carrier holds, and whom it is for', async () => {
    const { scripts } = await inspect({ 'in/condition.yaml': CONDITION, 'in/tags.yaml': TAGS }).result;
    assert.deepEqual(
      scripts.map(({ kind, effect }) => [kind, effect]),
      [
        ['condition', 'dead'],
        ['tag', 'live'],
      ],
    );
    assert.equal(scripts[0]?.scope.service, 'com.acme.Orders');
    assert.equal(scripts[1]?.scope.providerApp, 'orders');
  });

  it('lists a file that is no rule and goes on', async () => {
    const { scripts, errors } = await inspect({ 'in/bad.yaml': 'conditions: [\n', 'in/good.groovy': LIVE }).result;
    assert.deepEqual(
      scripts.map(({ path }) => path),
      ['in/good.groovy'],
    );
    assert.equal(errors[0]?.path, 'in/bad.yaml');
  });

  it('does not take a fault of its own for one of the file', async () => {
    const files = new MemoryRuleFiles({ 'in/good.groovy': LIVE });
    files.read = () => Promise.reject(new TypeError('of weir'));
    await assert.rejects(inspectRules({ paths: ['in'], target: 'dubbo-mesh' }, { files }), TypeError);
  });
});

describe('the text of an inspection', () => {
  it('is a block for each file, and a line for each that could not be used', async () => {
    const inspection = await inspect({ 'in/bad.yaml': 'conditions: [\n', 'in/condition.yaml': CONDITION }).result;
    const lines = formatInspection(inspection, PLAIN).split('\n');
    assert.equal(lines[0], 'in/condition.yaml: condition (condition-yaml), dead');
    assert.ok(lines.includes(`  ${inspection.scripts[0]?.reasons[0]}`));
    assert.ok(lines.includes('  for com.acme.Orders'));
    const rules = lines.find((line) => line.startsWith('  rules:'));
    assert.match(rules ?? '', /^ {2}rules: \d+ exact, \d+ noted, \d+ lossy, \d+ refused$/);
    assert.match(lines.at(-2) ?? '', /in\/bad\.yaml/);
    assert.equal(lines.at(-1), '');
  });

  it('says of a file with several documents that Dubbo reads one, in one sentence', async () => {
    const { result } = inspect({ 'in/two.yaml': `${CONDITION}---\n${CONDITION}` });
    const text = formatInspection(await result, PLAIN);
    assert.match(text, /it holds several YAML documents, and Dubbo reads one\n/);
    assert.doesNotMatch(text, /\.:/);
  });
});
