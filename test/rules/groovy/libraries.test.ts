/** Scripts that import a class of a library. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convertPlan } from '../../../src/rules/convert-plan.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

const TARGET = { target: 'dubbo-mesh', version: 'and-match', name: 'r', accepted: new Set<string>() } as const;

function converted(text: string, path = 'a.groovy'): { notes: string[]; fidelity: string[]; text: string } {
  const plan = planRuleSource(readRuleFile(path, text), {});
  const result = convertPlan({ ...TARGET, plan, services: [], providers: [] });
  return {
    notes: [...plan.notes, ...plan.rules.flatMap((rule) => rule.notes)].map(({ code }) => code),
    fidelity: result.rules.map(({ fidelity }) => fidelity),
    text: result.text ?? '',
  };
}

const RULE = "if (StringUtils.isBlank(invocation.getAttachment('tag'))) return invokers\n";
const GRAY = "return invokers.findAll { it.url.parameters.env == 'gray' }\n";

describe('a script that imports a class of a library', () => {
  it('is exact under the condition that consumers have the library, which is told', () => {
    const { notes, fidelity, text } = converted(`import org.apache.commons.lang3.StringUtils\n${RULE}${GRAY}`);
    assert.deepEqual(notes, ['WR076']);
    assert.ok(fidelity.every((one) => one === 'noted'));
    // The blanks of Character.isWhitespace, not those of trim.
    assert.match(text, /u3000/);
  });

  it('has no such condition for a class of Dubbo', () => {
    const { notes, fidelity } = converted(`import org.apache.dubbo.common.utils.StringUtils\n${RULE}${GRAY}`);
    assert.deepEqual(notes, []);
    assert.ok(fidelity.includes('exact'), fidelity.join());
  });

  it('is exact with a method that Dubbo has since 3.x where that one runs it, else noted, and refused under 2.x', () => {
    const script = `import org.apache.dubbo.common.utils.StringUtils\n${RULE.replace('isBlank', 'isNotBlank')}${GRAY}`;
    const bare = converted(script);
    assert.deepEqual([...new Set(bare.notes)], ['WR076']);
    assert.ok(bare.fidelity.includes('noted') && !bare.fidelity.includes('exact'), bare.fidelity.join());
    const lines = script.split('\n').map((line) => `  ${line}`);
    const node = converted(`scope: application\nkey: a\ntype: groovy\nscript: |\n${lines.join('\n')}\n`, 'a.yaml');
    assert.ok(!node.notes.includes('WR076') && node.fidelity.includes('exact'), node.fidelity.join());
    const rule = encodeURIComponent(script);
    const url = `script://0.0.0.0/com.a.B?category=routers&dynamic=false&type=groovy&rule=${rule}`;
    assert.ok(converted(url, 'a.url').fidelity.includes('refused'));
    // isBlank is there in every line.
    assert.ok(!converted(url.replace('isNotBlank', 'isBlank'), 'a.url').fidelity.includes('refused'));
  });
});
