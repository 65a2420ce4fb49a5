/** Rules of bytes and shapes that nobody writes on purpose: bounded work, and a finding with its place. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WeirError } from '../../src/errors/weir-error.ts';
import { decodeText } from '../../src/rules/adapters/decode-text.ts';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import type { Estate } from '../../src/rules/usecases/ports.ts';

const ESTATE: Estate = { providers: [], services: [], types: {}, machineGroups: {} };
const REQUEST = { target: 'dubbo-mesh', version: 'and-match', name: 'rule', accepted: new Set<string>() } as const;
const KEEP = "return invokers.findAll { it.url.parameters.zone == 'a' }";
/** Processor time of one rule: some 0.2 s here; a walk without bound takes minutes. */
const MOST_MS = 10_000;

function convert(text: string) {
  const began = process.cpuUsage();
  const { plan } = planRuleFile('in/bad.groovy', text, ESTATE);
  convertPlan({ ...REQUEST, plan, services: [], providers: [] });
  const ms = process.cpuUsage(began).user / 1000;
  assert.ok(ms < MOST_MS, `${ms} ms`);
  return plan;
}

/** A finding of the plan: why it is not live, or why a rule of it is opaque, with the line. */
function findings(text: string): string[] {
  const plan = convert(text);
  const opaque = plan.rules.flatMap(({ then }) =>
    then.kind === 'opaque' ? [`${then.span.line}: ${then.reason}`] : [],
  );
  return [...plan.notes.map(({ code, span, message }) => `${span.line}: ${code} ${message}`), ...opaque];
}

const test = (condition: string): string =>
  `def s = invocation.arguments[0]\nif (${condition}) ${KEEP}\nreturn invokers\n`;

describe('texts that are the rule of no engine', () => {
  const refused = (path: string, text: string, why: RegExp, line: number): void =>
    assert.throws(
      () => planRuleFile(path, text, ESTATE),
      (error: WeirError) => error.code === 'WEIR5002' && why.test(error.why) && error.location?.line === line,
    );

  it('with the marks of a merge: no rule, rather than one that never had an effect', () => {
    const sides = `<<<<<<< HEAD\n${KEEP}\n=======\nreturn []\n>>>>>>> theirs\n`;
    refused('in/a.groovy', `// rule\n${sides}`, /merge that nobody has resolved/, 2);
    // A line of such signs in a text is none.
    const drawn = `def s = '''\n=======\n'''\n${KEEP}`;
    assert.equal(planRuleFile('in/a.groovy', drawn, ESTATE).plan.effect.state, 'live');
  });

  it('of JSON with a mistake: the place of the mistake', () => {
    refused('in/a.json', '{"a": 1,\n "b": x}', /no JSON from here on/, 2);
  });

  it('of YAML whose aliases name lists of lists: refused in bounded work, at the alias', () => {
    const names = 'abcdefghij'.split('');
    const lists = names.map((name, at) => {
      const item = at === 0 ? 'x' : `*${names[at - 1]}`;
      return `${name}: &${name} [${Array.from({ length: 9 }, () => item).join(', ')}]`;
    });
    refused('in/a.yaml', `${lists.join('\n')}\nkey: s\nconditions: *j\n`, /more than 50 aliases/, 7);
    refused('in/a.yaml', 'key: s\nconditions: *a\n', /\*a names nothing/, 2);
    refused('in/a.yaml', 'key: s\nconditions: &a\n  - *a\n', /stands inside of what it names/, 3);
  });

  it('of YAML by their keys, however the first lines look', () => {
    for (const head of ['x-1: y\n', '"key": com.S\n', '{}: x\n'])
      assert.equal(
        planRuleFile('in/a.yaml', `${head}"conditions": ["method=a => host=1.1.1.1"]\n`, ESTATE).plan.source.kind,
        'condition',
      );
  });
});

describe('rules of unusual bytes', () => {
  for (const [name, condition] of [
    ['a pair of surrogates that is split', 's == "\\uD83D\\uDE00x".split("")[0]'],
    ['half of a pair', 's == "\\uD83D"'],
    ['half of a pair in a pattern', 's ==~ /\\uD83D./'],
    ['pairs beside classes of characters', 's ==~ /[\\uD83D\\uDE00-\\uD83D\\uDE4F]+/'],
  ] as const) {
    it(`${name}: an answer or a refusal in bounded time`, () => {
      const plan = convert(test(condition));
      assert.ok(plan.rules.length > 0);
    });
  }

  it('of look-alike characters: broken, with the line', () => {
    for (const text of ['if （true） { }', 'def x = 1；', 'def x = “a”', 'def \u0445 = 1\nreturn х；'])
      assert.match(findings(`${text}\n${KEEP}\n`)[0] ?? '', /^[12]: syntax-error /, text);
  });

  it('of letters of another alphabet: names as they stand', () => {
    // A Cyrillic letter makes another name, which is not declared.
    assert.match(findings(`def a = 1\nif (\u0430 == 1) ${KEEP}\nreturn invokers\n`).join(), /^2: the name /);
  });

  it('with a byte order mark: without the mark, and a note that says so', () => {
    const { plan } = planRuleFile('in/bom.groovy', `\uFEFF${KEEP}\n`, ESTATE);
    assert.equal(plan.effect.state, 'live');
    assert.deepEqual(
      plan.notes.map(({ code, span }) => [code, span.line, span.column]),
      [['WR075', 1, 1]],
    );
    assert.deepEqual(planRuleFile('in/no-bom.groovy', `${KEEP}\n`, ESTATE).plan.notes, []);
    const yaml = `\uFEFFscope: application\nkey: a\nscript: |\n  ${KEEP}\n`;
    const carried = planRuleFile('in/bom.yaml', yaml, ESTATE).plan.notes.map(({ code }) => code);
    assert.ok(!carried.includes('WR075'), 'YAML readers take the mark away');
  });

  it('that are comments of YAML and nothing else: no rule, and not a broken one', () => {
    for (const text of ['# off since May\n', '---\n# a\n', '\uFEFF# a\r\n---\r\n# b\r\n'])
      assert.throws(() => planRuleFile('in/old.yaml', text, ESTATE), {
        code: 'WEIR5002',
        why: 'it holds nothing but comments',
      });
    for (const text of ['- a\n- b\n', 'a: 1\n---\nb: 2\n'])
      assert.throws(() => planRuleFile('in/list.yml', text, ESTATE), { why: /^it is YAML, but has neither/ }, text);
    assert.equal(planRuleFile('in/script.yaml', `${KEEP}\n`, ESTATE).plan.effect.state, 'live');
  });

  it('in GBK: the first byte that is no UTF-8, and the encoding to name', () => {
    const bytes = Buffer.from([...Buffer.from('// a\n// '), 0xc2, 0xb7, 0xd3, 0xc9, 0x0a]);
    assert.throws(
      () => decodeText(bytes, 'in/gbk.groovy'),
      (error: unknown) => {
        assert.ok(error instanceof Error && 'location' in error && 'hint' in error);
        assert.match(JSON.stringify(error.location), /"line":2/);
        assert.match(String(error.hint), /--encoding gbk/);
        return true;
      },
    );
    assert.equal(decodeText(bytes, 'in/gbk.groovy', 'gbk'), '// a\n// 路由\n');
  });
});

describe('rules of unusual shapes', () => {
  it('with back-references: followed where it is known, else refused with the line', () => {
    for (const pattern of ['(a)\\1', '(?<x>a)\\k<x>', '(a)(b)\\2\\1']) {
      const found = findings(test(`s ==~ /${pattern}/`));
      assert.ok(
        found.every((one) => /^\d+: /.test(one)),
        found.join(),
      );
    }
  });

  it('with a text constant that no class file holds: broken at its line', () => {
    assert.match(
      findings(`def a = 1\ndef s = '${'a'.repeat(65_536)}'\n${KEEP}\n`)[0] ?? '',
      /^2: syntax-error .*65,?535/,
    );
    assert.deepEqual(findings(`def s = '${'a'.repeat(65_535)}'\n${KEEP}\n`), []);
    // Bytes count, not letters.
    assert.match(findings(`def s = '${'\u4e2d'.repeat(21_846)}'\n${KEEP}\n`)[0] ?? '', /^1: syntax-error /);
  });

  it('with a method that is surely or perhaps too large: broken or refused, with its place', () => {
    const lines = (count: number): string => `def x = 0\n${'x = x + 1\n'.repeat(count)}${KEEP}\n`;
    assert.match(findings(lines(6_000))[0] ?? '', /^1: syntax-error .*64 KB/);
    assert.match(findings(lines(2_500))[0] ?? '', /^\d+: /);
    assert.deepEqual(findings(lines(200)), []);
  });
});
