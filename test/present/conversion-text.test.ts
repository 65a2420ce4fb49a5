import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatConversion } from '../../src/present/conversion-text.ts';
import type { Paint } from '../../src/present/paint.ts';
import { convertRules } from '../../src/usecases/rules/convert-rules.ts';
import { planRuleFile } from '../../src/usecases/rules/plan-rule-file.ts';

const same = (text: string): string => text;
const PLAIN: Paint = { good: same, caution: same, bad: same, strong: same, faint: same };
const DENY = "if (invocation.methodName == 'save') return []\nreturn invokers";

async function convert() {
  return convertRules(
    { paths: ['deny.groovy'], out: 'mesh', target: 'dubbo-mesh', check: false },
    {
      files: {
        list: async (paths) => [...paths],
        read: async () => DENY,
        readIfPresent: async () => null,
        listFolder: async () => [],
        write: async () => undefined,
        remove: async () => undefined,
      },
      plan: planRuleFile,
      today: '2026-01-01',
      weirVersion: '0.0.0',
      frame: () => '1 | frame',
      progress: () => undefined,
    },
  );
}

it('tells each script, what was lost, the sums and what was written', async () => {
  const { results, json } = await convert();
  const text = formatConversion(results, json, PLAIN, { out: 'mesh', columns: null });
  assert.match(text, /^deny\.groovy: refused, 2 rules, 1 proved\n {2}WR045 1:\d+ r1 [^\n]+\n {4}1 \| frame\n/);
  assert.match(text, /\n1 script: 1 live, 0 dead, 0 broken\n2 rules: /);
  assert.match(text, /\nwritten: \d files? in mesh\n$/);
});

it('writes nothing of files with --check, and breaks messages at words on a terminal', async () => {
  const { results, json } = await convert();
  const text = formatConversion(results, json, PLAIN, { out: null, columns: 40 });
  assert.doesNotMatch(text, /written/);
  const message = text.split('\n').filter((line) => line.startsWith('  '));
  assert.ok(message.length > 2 && message.every((line) => line.length <= 40), text);
});
