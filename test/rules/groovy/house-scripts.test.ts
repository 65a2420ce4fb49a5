/**
 * Scripts as houses write them, with what real Groovy 2.4.21 gave for them. `?` stands for a script that weir has to refuse,
 * `all` for one that real Groovy does not compile or that throws.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CaseFile, RoutingCall } from '../../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../../src/rules/evaluate-rule-source.ts';
import { answerCall } from '../../../src/rules/plan/call-outcome.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

const KNOWN: CaseFile = {
  providers: [
    { id: 'p1', host: '10.1.0.1', port: 20880, params: { lane: 'gray' } },
    { id: 'p2', host: '10.1.0.2', port: 20881, params: { lane: 'base' } },
  ],
  services: [],
  types: {},
  machineGroups: {},
  calls: [],
};
const CALL: RoutingCall = {
  service: 'com.acme.UserService',
  method: 'getUser',
  paramTypes: [],
  args: [],
  attachments: { uid: '12', version: '5.3.1' },
  consumer: {},
};
const GRAY = "invokers.findAll { it.url.getParameter('lane') == 'gray' }";
const COLLECTORS = 'import java.util.stream.Collectors\n';

/** Name, script, and what real Groovy gave. */
const SCRIPTS: readonly (readonly [string, string, string])[] = [
  [
    'a filter of a stream',
    `${COLLECTORS}invokers.stream().filter({ i -> "gray".equals(i.url.getParameter("lane")) }).collect(Collectors.toList())`,
    'p1',
  ],
  [
    'a match of a stream',
    `if (invokers.stream().anyMatch { it.url.getParameter('lane') == 'gray' }) return ${GRAY}\ninvokers`,
    'p1',
  ],
  [
    'a count of a stream',
    `invokers.stream().filter { it.url.getParameter('lane') == 'gray' }.count() > 0L ? ${GRAY} : invokers`,
    'p1',
  ],
  ['a filter of a stream that gives a text', `['a'].stream().filter { it }.count()\n${GRAY}`, 'all'],
  ['a stream that ends twice', `def s = invokers.stream(); s.count(); s.count(); ${GRAY}`, 'all'],
  ['a lambda', `invokers.stream().filter(i -> i.available).collect(null)\n${GRAY}`, 'all'],
  ['a word that is negated', `if (invocation.methodName !in ['a']) return ${GRAY}\ninvokers`, 'all'],
  ['a loop that comes with Groovy 3', `int i = 0\ndo { i++ } while (i < 3)\n${GRAY}`, 'all'],
  ['a logger that nobody declared', `log.info("x")\n${GRAY}`, 'all'],
  ['a logger in a branch that no call takes', `if (invocation.methodName == 'a') logger.warn('x')\n${GRAY}`, 'p1'],
  ['an argument of println that fails', `System.out.println('a'.substring(7))\n${GRAY}`, 'all'],
  ['an argument of println that does not', `System.out.println("n: " + invokers.size())\n${GRAY}`, 'p1'],
  ['a private variable', `private static final String X = 'gray'\n${GRAY}`, 'all'],
  [
    'a static field of the script',
    `@groovy.transform.Field static final String X = 'gray'\nX ? ${GRAY} : invokers`,
    'p1',
  ],
  ['a static field that counts', `@groovy.transform.Field static int n = 0\nn++\nn % 2 ? ${GRAY} : invokers`, '?'],
  [
    'a static map that fills',
    `class Seen { static Map all = [:] }\nSeen.all['a'] = 1\nSeen.all.size() > 1 ? ${GRAY} : invokers`,
    '?',
  ],
  [
    'a static list that is read',
    `class Conf { static LANES = ['gray'] }\ninvokers.findAll { it.url.getParameter('lane') in Conf.LANES }`,
    'p1',
  ],
  ['type arguments without an import', `List<Invoker> r = new ArrayList<Invoker>()\n${GRAY}`, 'all'],
  ['a declared type with empty brackets', `List<> r = []\n${GRAY}`, 'all'],
  ['an annotation without its import', `@Field def x = 1\n${GRAY}`, 'all'],
  ['an import of which nobody knows whether it is there', `import com.acme.Router\n${GRAY}`, '?'],
  ['a library that may be there', `import com.google.common.base.Strings\n${GRAY}`, '?'],
  ['a library that is taken to be there', `import org.apache.commons.lang3.StringUtils\n${GRAY}`, 'p1'],
  ['a class that Dubbo has not had since 2.6', `import com.alibaba.dubbo.common.utils.StringUtils\n${GRAY}`, '?'],
  [
    'a method that the StringUtils of Dubbo lack',
    `import org.apache.dubbo.common.utils.StringUtils\nStringUtils.equals('a', 'a') ? ${GRAY} : invokers`,
    '?',
  ],
  ['an open slice of a text', `invocation.getAttachment('uid')[0..<2] == '12' ? ${GRAY} : invokers`, 'p1'],
  ['an open slice from the end', `invocation.getAttachment('uid')[-2..<-1] == '1' ? ${GRAY} : invokers`, 'p1'],
  ['an empty slice', `invocation.getAttachment('uid')[1..<1] ? invokers : ${GRAY}`, 'p1'],
  [
    'an empty slice of null, which is no NullPointerException',
    `try { invocation.getAttachment('none')[1..<1] } catch (ArrayIndexOutOfBoundsException e) { return ${GRAY} }\ninvokers`,
    'p1',
  ],
  ['tokens without one of them', `invocation.getAttachment('uid').tokenize() - '12' ? invokers : ${GRAY}`, 'p1'],
  ['pieces of a text, repeated', `invocation.getAttachment('uid').split(',') * 2 ? invokers : ${GRAY}`, '?'],
  ['an end of a range', `(3..1).to == 3 ? ${GRAY} : invokers`, '?'],
  [
    'a wide space, which is blank',
    `import org.apache.dubbo.common.utils.StringUtils\nStringUtils.isBlank('\\u3000') ? ${GRAY} : invokers`,
    'p1',
  ],
  [
    'a control character, which trim cuts and which is not blank',
    `import org.apache.commons.lang3.StringUtils\nStringUtils.isBlank('\\u0001') ? invokers : ${GRAY}`,
    'p1',
  ],
  ['a class of Dubbo without an import', `RpcContext.getContext()\n${GRAY}`, 'all'],
  ['a branch that is a semicolon', `if (invocation.methodName == 'a') ;\n${GRAY}`, 'all'],
  [
    'a queue',
    `def q = ['gray'] as LinkedList\ndef lane = q.poll()\ninvokers.findAll { it.url.getParameter('lane') == lane }`,
    '?',
  ],
  ['a linked list that is no array list', `(['a'] as LinkedList) instanceof ArrayList ? invokers : ${GRAY}`, 'p1'],
  [
    'the order of a HashMap',
    `def m = new HashMap(); m.zz = 'base'; m.a = 'gray'\ndef lane = m.find { true }.value\n${GRAY}`,
    '?',
  ],
  [
    'the order of a sorted set',
    `def s = ['gray', 'base'] as TreeSet\ns.join(',') == 'gray,base' ? invokers : ${GRAY}`,
    '?',
  ],
  [
    'members of a HashSet',
    `def s = new HashSet(['gray', 'blue'])\ninvokers.findAll { s.contains(it.url.getParameter('lane')) }`,
    'p1',
  ],
  ['a list without an array', `([1, 2].minus([1] as Object[])).size() == 2 ? ${GRAY} : invokers`, 'p1'],
  ['a list without a GString', `(['a', 'b'] - "\${'a'}").size() == 1 ? ${GRAY} : invokers`, 'p1'],
  ['a range of letters', `invocation.getAttachment('uid')[-1] in '0'..'4' ? ${GRAY} : invokers`, 'p1'],
  ['what two lists share', `['a', 'b', 'a'].intersect(['a']).size() == 1 ? ${GRAY} : invokers`, 'p1'],
];

describe('scripts as houses write them', () => {
  for (const [name, script, wanted] of SCRIPTS) {
    it(`${name}: ${wanted === '?' ? 'refused' : 'as real Groovy'}`, () => {
      const source = readRuleFile('house.groovy', script);
      const all = KNOWN.providers.map(({ id }) => id);
      const plan = planRuleSource(source, KNOWN);
      for (const outcome of [
        evaluateRuleSource(source, CALL, KNOWN),
        answerCall(plan, CALL, KNOWN.providers).outcome,
        answerCall(planRuleSource(source, {}), CALL, KNOWN.providers).outcome,
      ]) {
        const said =
          outcome.kind === 'opaque'
            ? '?'
            : outcome.kind === 'ignored'
              ? 'all'
              : outcome.kind === 'providers'
                ? outcome.ids.join()
                : outcome.kind;
        assert.equal(said === all.join() && wanted === 'all' ? 'all' : said, wanted);
      }
      assert.equal(plan.effect.state === 'broken', wanted === 'all');
    });
  }

  for (const test of ['== 2', '!= 2', '== 2L', '== 1', '< 3', '>= 2', '<=> 2'])
    it(`a plan that depends on whether the number of providers is ${test} is refused, not dead`, () => {
      const source = readRuleFile('size.groovy', `invokers.size() ${test} ? ${GRAY} : invokers`);
      const { effect, rules } = planRuleSource(source, KNOWN);
      assert.equal(effect.state, 'live');
      assert.ok(rules.some(({ then }) => then.kind === 'opaque'));
    });

  it('a loop over as many pieces as a text may have ends in a refused rule', () => {
    const script = `int cmp(String a, String b) {
  def x = a.split('\\\\.'), y = b.split('\\\\.')
  for (int i = 0; i < Math.max(x.length, y.length); i++) {
    int p = i < x.length ? x[i].toInteger() : 0
    int q = i < y.length ? y[i].toInteger() : 0
    if (p != q) return p <=> q
  }
  return 0
}
cmp(invocation.getAttachment('version'), '5.3.0') >= 0 ? ${GRAY} : invokers`;
    const source = readRuleFile('versions.groovy', script);
    const plan = planRuleSource(source, {});
    assert.ok(plan.rules.some(({ then }) => then.kind === 'opaque' && then.code === 'path-limit'));
    assert.deepEqual(evaluateRuleSource(source, CALL, KNOWN), { kind: 'providers', ids: ['p1'] });
  });
});
