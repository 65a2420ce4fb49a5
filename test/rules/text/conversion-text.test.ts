/** The text of `weir rules convert`. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Paint } from '../../../src/cli/paint.ts';
import { formatConversion } from '../../../src/rules/text/conversion-text.ts';
import { convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const same = (text: string): string => text;
const PLAIN: Paint = { good: same, caution: same, bad: same, strong: same, faint: same };
const DENY = "if (invocation.methodName == 'save') return []\nreturn invokers";

const NOTHING = { services: false, providers: false };

async function convert() {
  return convertRules(
    { paths: ['deny.groovy'], out: 'mesh', target: 'dubbo-mesh', check: false },
    {
      files: new MemoryRuleFiles({ 'deny.groovy': DENY }),
      today: '2026-01-01',
      weirVersion: '0.0.0',
      frame: () => '1 | frame',
      progress: () => undefined,
    },
  );
}

it('tells each script, what was lost, the sums and what was written', async () => {
  const { results, json } = await convert();
  const text = formatConversion(results, json, PLAIN, { out: 'mesh', columns: null, given: NOTHING });
  assert.match(
    text,
    /^deny\.groovy: refused, 1 of 2 rules converted, 1 left to the script\n {2}line 1: method = save -> no provider \(left to the script\)\n {2}line 2: otherwise -> all providers \(converted, proved\)\n {2}WR045 1:\d+ [^\n]+\n {4}1 \| frame\n/,
  );
  assert.match(
    text,
    /\n1 script: 1 live, 0 dead, 0 broken\n2 rules: 1 converted, 0 shadowed, 1 left to the script, 0 /,
  );
  assert.match(text, /\nwritten: \d files? in mesh\n$/);
});

it('writes nothing of files with --check, and breaks messages at words on a terminal', async () => {
  const { results, json } = await convert();
  const text = formatConversion(results, json, PLAIN, { out: null, columns: 40, given: NOTHING });
  assert.doesNotMatch(text, /written/);
  const message = text.split('\n').filter((line) => line.startsWith('  '));
  assert.ok(message.length > 2 && message.every((line) => line.length <= 40), text);
});
