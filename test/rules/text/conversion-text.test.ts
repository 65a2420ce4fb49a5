/** The text of `weir rules convert`. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Paint } from '../../../src/cli/paint.ts';
import { markdownReport } from '../../../src/rules/report/markdown-report.ts';
import { formatConversion } from '../../../src/rules/text/conversion-text.ts';
import { convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const same = (text: string): string => text;
const PLAIN: Paint = { good: same, caution: same, bad: same, strong: same, faint: same };
const DENY = "if (invocation.methodName == 'save') return []\nreturn invokers";

const FAILS = `if (invocation.methodName == 'load' && invocation.arguments[0] % 2 == 0)
  return invokers.findAll { it.url.port == 1 }
return invokers`;

const BROKEN = "throw new RuntimeException('x')";

const GROUP = "return invokers.findAll { it.url.getParameter('zone') == 'hz' }";

const NOTHING = { services: false, providers: false };

async function convert(path = 'deny.groovy') {
  return convertRules(
    { paths: [path], out: 'mesh', target: 'dubbo-mesh', check: false },
    {
      files: new MemoryRuleFiles({
        'deny.groovy': DENY,
        'fails.groovy': FAILS,
        'group.groovy': GROUP,
        'broken.groovy': BROKEN,
      }),
      today: '2026-01-01',
      weirVersion: '0.0.0',
      frame: () => '1 | frame',
      progress: () => undefined,
    },
  );
}

it('tells each script, what was lost, the sums and what was written', async () => {
  const { results, json } = await convert();
  const text = formatConversion(results, json, PLAIN, { out: 'mesh', given: NOTHING });
  assert.match(
    text,
    /^deny\.groovy: converted in part, 1 of 2 rules converted, 1 left to the script\n {2}line 1: method = save -> no provider \(left to the script\)\n {2}line 2: otherwise -> all providers \(converted, proved\)\n {2}WR045 1:\d+ [^\n]+\n {4}1 \| frame\n/,
  );
  assert.match(
    text,
    /\n1 script: 1 live, 0 dead, 0 broken\n2 rules: 1 converted, 0 shadowed, 1 left to the script, 0 /,
  );
  assert.match(text, /\nwritten: \d files? in mesh\n$/);
});

it('writes nothing of files with --check', async () => {
  const { results, json } = await convert();
  assert.doesNotMatch(formatConversion(results, json, PLAIN, { out: null, given: NOTHING }), /written/);
});

it('calls no rule exact without the state that it found to differ, in no report', async () => {
  const { results, json } = await convert('group.groovy');
  const text = formatConversion(results, json, PLAIN, { out: null, given: NOTHING });
  for (const report of [text, markdownReport(results, 'dubbo-mesh')]) {
    assert.match(report, /WR045/);
    assert.match(report, /1 exact \(1 while their groups have a provider, WR045\)/);
  }
  assert.deepEqual(json.scripts[0]?.rules[0]?.whilePresent, ['zone=hz']);
  const [denied] = (await convert()).json.scripts;
  assert.deepEqual(
    denied?.rules.map(({ whilePresent }) => whilePresent),
    [[], []],
  );
});

it('counts the rules for calls with which the script fails, behind those that somebody wrote', async () => {
  const { results, json } = await convert('fails.groovy');
  const text = formatConversion(results, json, PLAIN, { out: 'mesh', given: NOTHING });
  const rules = text.split('\n').filter((line) => /^ {2}line \d/.test(line));
  assert.match(rules[0] ?? '', /method = load and args\[0\] % 2 = 0 -> port 1/);
  assert.match(
    rules.at(-1) ?? '',
    /line 1: \d+ rules for calls with which the script throws, so that Dubbo ignores it/,
  );
  assert.equal(rules.filter((line) => line.includes('throws')).length, 1, text);
});

it('does not say that no call comes to the rules of a script that fails on every call', async () => {
  const { results, json } = await convert('broken.groovy');
  const text = formatConversion(results, json, PLAIN, { out: 'mesh', given: NOTHING });
  assert.match(text, /^broken\.groovy: broken, 1 rule without effect\n/);
  assert.match(
    text,
    /\n1 rule: 0 converted, 0 shadowed, 0 left to the script, 0 that no call comes to, 1 without effect; /,
  );
  const report = markdownReport(results, 'dubbo-mesh');
  assert.match(report, /0 that no call comes to, 1 without effect; /);
  assert.match(report, /\(r1, without effect\)/);
});
