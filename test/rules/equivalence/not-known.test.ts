/** What weir does not know of a rule is no answer: patterns without an automaton, numbers that it cannot list, groups without a member. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import { verifyRules } from '../../../src/rules/usecases/verify-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const gray = "invokers.findAll { it.url.getParameter('env') == 'gray' }";
const SERVICES = JSON.stringify([
  {
    interface: 'S',
    methods: ['double', 'float', 'java.math.BigDecimal', 'java.lang.Object', 'java.lang.String'].map((type, at) => ({
      name: `m${at}`,
      paramTypes: [type],
    })),
  },
]);

async function convert(script: string, target: 'dubbo-mesh' | 'istio' = 'dubbo-mesh', accept?: string) {
  const files = new MemoryRuleFiles({
    'a.groovy': script,
    's.json': SERVICES,
    ...(accept === undefined ? {} : { 'accept.yaml': accept }),
  });
  const request = {
    paths: ['a.groovy'],
    target,
    services: 's.json',
    ...(accept === undefined ? {} : { accept: 'accept.yaml' }),
  };
  const ports = { files, today: '2026-01-01' };
  const { json } = await convertRules(
    { ...request, out: 'mesh', check: false },
    { ...ports, weirVersion: '0', frame: () => '', progress: () => undefined },
  );
  const [converted] = json.scripts;
  assert.ok(converted !== undefined);
  const verify = () => verifyRules({ ...request, rules: 'mesh' }, ports);
  return { files, converted, verify };
}

/** Patterns of methods for which weir has no automaton, or none of a bearable size. */
const PATTERNS = [
  String.raw`/\bget\w+\b/`,
  '/(?!set)[a-z]+[A-Z]w{3,}/',
  '/(?=pay).*Now/',
  '/(a|b)*a(a|b){14}/',
  '/(?<=x)y.*/',
];

describe('a rule on a pattern without an automaton', () => {
  for (const pattern of PATTERNS) {
    for (const [leaf, read] of [
      ['the method', 'invocation.methodName'],
      ['an attachment', "invocation.getAttachment('k')"],
    ] as const) {
      it(`on ${leaf}, ${pattern}, is left to the script as long as no call of it is known`, async () => {
        const { converted, verify } = await convert(`if (${read} ==~ ${pattern}) return ${gray}\nreturn invokers`);
        const rule = converted.rules.find(({ says }) => says.includes('matches'));
        assert.deepEqual([rule?.state, rule?.fidelity], ['left', 'refused'], JSON.stringify(converted.rules));
        const told = converted.diagnostics.filter((one) => one.rule === rule?.id && one.code === 'WR032');
        assert.match(told.map(({ message }) => message).join('\n'), /not known whether a call comes|not proved/);
        const verified = await verify().catch(() => null);
        const again = verified?.scripts[0]?.rules.find(({ id }) => id === rule?.id);
        if (again !== undefined) assert.equal(again.state, 'left');
        if (verified !== null) assert.ok(verified.open > 0);
      });
    }
  }

  it('leaves the rules behind it as they are: they are proved', async () => {
    const { converted, verify } = await convert(
      `if (invocation.methodName ==~ /\\bget\\w+\\b/) return ${gray}\nreturn invokers`,
    );
    assert.deepEqual(
      converted.rules.map(({ state, verdict }) => [state, verdict]),
      [
        ['left', 'sampled'],
        ['converted', 'proved'],
      ],
    );
    const { scripts } = await verify();
    assert.deepEqual(
      scripts[0]?.rules.map(({ state, reach }) => [state, reach]),
      [
        ['left', 'unknown'],
        ['converted', 'known'],
      ],
    );
  });

  it('is written where a reviewed entry accepts `sampled`', async () => {
    const accept = 'accept: [{id: sampled, reason: names are read, expires: 2027-01-01}]';
    const script = `if (invocation.methodName ==~ /\\bget\\w+\\b/) return ${gray}\nreturn invokers`;
    const { files, verify } = await convert(script, 'dubbo-mesh', accept);
    const text = await files.read('mesh/a.dubbo-mesh.yaml');
    assert.match(text, /name: 'r1'\n/);
    assert.equal((await verify()).open, 0);
  });

  it('of which a call is known goes to what the documents say, not proved', async () => {
    const pattern = '/(?!set)(get|load|save)/';
    const { converted } = await convert(
      `if (invocation.methodName == 'load') return invokers\nif (invocation.methodName ==~ ${pattern}) return ${gray}\nreturn invokers`,
    );
    for (const { says, state } of converted.rules) if (says.includes('matches')) assert.notEqual(state, 'none');
  });

  it('may take every call: what is behind it is not said to have none', async () => {
    const { converted, verify } = await convert(
      `if (invocation.methodName ==~ /(?!zq9).*/) return ${gray}\nreturn invokers.findAll { it.url.getParameter('env') == 'blue' }`,
    );
    assert.deepEqual(
      converted.rules.map(({ state }) => state),
      ['left', 'left'],
    );
    const found = await verify().catch(() => null);
    for (const { state } of found?.scripts[0]?.rules ?? []) assert.notEqual(state, 'none');
  });
});

describe('a rule on numbers that weir cannot list', () => {
  it('is not said to have no call: a BigInteger may come where Object is declared', async () => {
    const { converted } = await convert(
      `switch (invocation.arguments[0]) {\n  case 30000..30005: return ${gray}\n  case Integer: return invokers\n}\nreturn invokers.findAll { it.url.getParameter('env') == 'blue' }`,
    );
    for (const { id, state, says } of converted.rules) {
      if (says.includes('30000')) assert.notEqual(state, 'none', `${id}: ${says}`);
    }
  });

  it('of floats and decimals is left to the script', async () => {
    const { converted } = await convert(`if (invocation.arguments[0] * 3 == 4.5) return ${gray}\nreturn invokers`);
    const computed = converted.rules.filter(({ says }) => says.includes('* 3'));
    assert.ok(computed.length > 0);
    for (const { state, fidelity } of computed) assert.deepEqual([state, fidelity], ['left', 'refused']);
  });

  it('behind one that takes every call has none for sure', async () => {
    const { converted } = await convert(
      `if (invocation.methodName ==~ /\\bx\\b/) return ${gray}\nreturn invokers\n`.replace(
        'return invokers\n',
        `if (invocation.arguments.length >= 1) return invokers.findAll { it.url.getParameter('env') == 'a' }\nreturn invokers\n`,
      ),
    );
    const last = converted.rules.at(-1);
    assert.equal(last?.state, 'none', JSON.stringify(converted.rules));
  });
});

describe('a group of which weir knows no member', () => {
  it('is found by its pattern without the assertions, so that documents which swap two of them are not proved', async () => {
    const script =
      "if (invocation.methodName == 'pay') return invokers.findAll { it.url.host =~ /\\ba-\\d\\b/ }\nreturn invokers.findAll { it.url.host =~ /\\bb-\\d\\b/ }";
    const { files, converted, verify } = await convert(script);
    assert.deepEqual(
      converted.rules.map(({ state, verdict }) => [state, verdict]),
      [
        ['converted', 'proved'],
        ['converted', 'proved'],
      ],
    );
    const text = await files.read('mesh/a.dubbo-mesh.yaml');
    const [first = '', second = ''] = [...text.matchAll(/destination: \{host: 'a', subset: '([^']+)'\}/g)].map(
      ([, subset]) => subset,
    );
    assert.notEqual(first, second);
    const swapped = text.replace(
      /(destination: \{host: 'a', subset: ')([^']+)/g,
      (_, head: string, subset: string) => `${head}${subset === first ? second : first}`,
    );
    await files.write('mesh/a.dubbo-mesh.yaml', swapped);
    const { open, disagreements } = await verify();
    assert.ok(open > 0 && disagreements > 0);
  });

  it('is not chosen by a proved rule', async () => {
    const { converted } = await convert(
      "if (invocation.methodName == 'pay') return invokers.findAll { it.url.host ==~ /(a|b)*a(a|b){14}/ }\nreturn invokers.findAll { it.url.host ==~ /(c|d)*c(d|c){14}/ }",
    );
    for (const { state, fidelity } of converted.rules) assert.deepEqual([state, fidelity], ['left', 'refused']);
  });
});
