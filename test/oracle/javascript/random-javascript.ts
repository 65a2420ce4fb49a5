/** Generated JavaScript rules. */
import fc from 'fast-check';
import type { RandomRule } from '../dubbo/random-condition.ts';
import { arbitraryCall, arbitraryProviders, SAMPLE_APP } from '../dubbo/router-sample.ts';

const host = fc.constantFrom('x.getUrl().getHost()', 'x.url.host', 'x.getUrl().host', 'h', 'h.toUpperCase()');
const port = fc.constantFrom('x.getUrl().getPort()', 'x.url.port');
const key = fc.constantFrom('region', 'zone', 'env', 'weight', 'nokey');
const param = key.chain((name) =>
  fc.constantFrom(
    `x.getUrl().getParameter("${name}")`,
    `x.url.getParameter('${name}')`,
    `x.getUrl().getParameter("${name}", "hz")`,
    `x.url.parameters.${name}`,
  ),
);
const hostText = fc.constantFrom('"10.20.3.1"', "'10.20.3.10'", '"172.24.1.1"', '"10.20."', '"1"', '""');
const word = fc.constantFrom('"hz"', "'gray'", '"a"', '"find"', '"vip"', '"5"', '""', '"100"');
const equality = fc.constantFrom('==', '!=', '===', '!==');
const order = fc.constantFrom('<', '<=', '>', '>=', '==', '!=');
const attachment = fc.constantFrom(
  'invocation.getAttachment("user")',
  'invocation.getAttachment("level")',
  'invocation.getAttachment("level", "vip")',
  'invocation.getAttachments().get("user")',
  'invocation.attachments.user',
  'invocation.getAttachments()["level"]',
);

/** A number that is read from a text. */
const numberOf = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom('Number(#)', '+#', 'parseFloat(#)', 'parseInt(#, 10)', 'parseInt(#, 16)', 'parseInt(#, 8)', '#'),
      fc.oneof(
        { weight: 3, arbitrary: text },
        text.map((a) => `${a}.split(".")[3]`),
        text.map((a) => `${a}.substring(1)`),
      ),
    )
    .map(([reader, a]) => reader.replace('#', () => a));
const numberTest = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(numberOf(text), order, fc.constantFrom('5', '0', '10', '100', '-1', '8'))
        .map(([a, b, c]) => `${a} ${b} ${c}`),
    },
    fc
      .tuple(fc.constantFrom('isNaN', '!isNaN', 'Number', '!parseFloat', '!parseInt'), text)
      .map(([a, b]) => `${a}(${b})`),
  );

/** A test on the provider `x`. */
const onProvider = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(hostText, host).map(([a, b]) => `${a}.equals(${b})`) },
  fc.tuple(host, equality, hostText).map((parts) => parts.join(' ')),
  fc
    .tuple(host, fc.constantFrom('startsWith', 'endsWith', 'contains', 'equals', 'equalsIgnoreCase'), hostText)
    .map(([a, b, c]) => `${a}.${b}(${c})`),
  fc
    .tuple(host, hostText, fc.constantFrom('== 0', '>= 0', '> -1', '!= -1', '=== -1', '< 0', '> 0'))
    .map(([a, b, c]) => `${a}.indexOf(${b}) ${c}`),
  fc.tuple(fc.constantFrom('/^10\\./', '/^172/', '/1$/', '/20/', '/^10.*1$/'), host).map(([a, b]) => `${a}.test(${b})`),
  {
    weight: 2,
    arbitrary: fc
      .tuple(port, order, fc.constantFrom('20880', '20881', '"20880"', '1e3'))
      .map((parts) => parts.join(' ')),
  },
  port.map((a) => `"20880".equals(${a})`),
  {
    weight: 3,
    arbitrary: fc
      .tuple(param, equality, fc.oneof(word, fc.constantFrom('null', 'undefined', '5')))
      .map((parts) => parts.join(' ')),
  },
  fc.tuple(word, param).map(([a, b]) => `${a}.equals(${b})`),
  fc.tuple(param, fc.constantFrom('equals', 'startsWith', 'contains'), word).map(([a, b, c]) => `${a}.${b}(${c})`),
  param,
  param.map((a) => `!${a}`),
  fc.constantFrom('x.isAvailable()', '!x.isAvailable()', 'x.available'),
  host.map((a) => `wanted.indexOf(${a}) >= 0`),
  host.map((a) => `names.contains(${a})`),
  fc.tuple(host, port).map(([a, b]) => `${a} + ":" + ${b} == "10.20.3.1:20880"`),
  fc.constant('x.getUrl().getAddress() == "10.20.3.1:20880"'),
  host.map((a) => `${a}.length == 9`),
  fc
    .tuple(host, fc.constantFrom('substring(0, 3)', 'substring(3, 6)', 'substring(6)', 'charAt(1)', 'trim()'), hostText)
    .map(([a, b, c]) => `${a}.${b} == ${c}`),
  fc.tuple(host, fc.constantFrom('"10"', '"1"', '"24"')).map(([a, b]) => `${a}.split(".")[3] == ${b}`),
  fc
    .tuple(host, fc.constantFrom('.', '1', '0'), order, fc.constantFrom('2', '3', '4', '0', '2.5'))
    .map(([a, sign, b, c]) => `${a}.split("${sign}").length ${b} ${c}`),
  fc
    .tuple(
      fc.oneof(
        host,
        param,
        host.map((a) => `${a}.split(".")[3]`),
      ),
      order,
      fc.constantFrom('5', '10', '100', '1.5'),
    )
    .map(([a, b, c]) => `parseInt(${a}) ${b} ${c}`),
  fc.tuple(fc.constantFrom('near', 'listed', 'named'), host).map(([a, b]) => `${a}(${b})`),
  { weight: 3, arbitrary: numberTest(fc.oneof(host, param)) },
);

/** A test on the call. */
const onCall = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom('invocation.getMethodName()', 'invocation.methodName', 'm'),
        equality,
        fc.constantFrom('"find"', '"get"', '"pay"'),
      )
      .map((parts) => parts.join(' ')),
  },
  fc.constantFrom('m.startsWith("get")', '"find".equals(m)', 'm.indexOf("find") == 0', 'm.matches("get.*")'),
  fc.tuple(attachment, equality, fc.oneof(word, fc.constantFrom('null', 'undefined'))).map((parts) => parts.join(' ')),
  attachment,
  { weight: 2, arbitrary: numberTest(attachment) },
  fc.tuple(attachment, word).map(([a, b]) => `${a}.equals(${b})`),
  fc.tuple(word, attachment).map(([a, b]) => `${a}.equals(${b})`),
  fc.constantFrom(
    'invocation.getArguments().length > 1',
    'invocation.getArguments()[0] == "a"',
    '"a".equals(invocation.arguments[0])',
    'invocation.getArguments()[1] == null',
  ),
  fc.constantFrom('invokers.size() > 0', 'invokers.length == 0', 'true', 'false'),
);

const joined = (test: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: test },
    test.map((a) => `!(${a})`),
    fc.tuple(test, fc.constantFrom('&&', '||'), test).map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc.tuple(test, test, test).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
  );
const mixed = joined(fc.oneof({ weight: 4, arbitrary: onProvider }, onCall));

const add = fc.constantFrom('keep.add(x);', 'keep.add(x);', 'rest.add(x);');
const body = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(mixed, add).map(([a, b]) => `if (${a}) { ${b} }`) },
  fc.tuple(mixed, add, add).map(([a, b, c]) => `if (${a}) ${b} else ${c}`),
  fc.tuple(mixed, mixed, add, add).map(([a, b, c, d]) => `if (${a}) { if (${b}) ${c} } else { ${d} }`),
  fc.tuple(mixed, add).map(([a, b]) => `if (${a}) continue;\n    ${b}`),
  fc.tuple(mixed, add).map(([a, b]) => `try { if (${a}) ${b} } catch (e) { rest.add(x); }`),
  fc.tuple(mixed, add).map(([a, b]) => `var ok = ${a};\n    if (ok) ${b}`),
  fc.tuple(mixed, add).map(([a, b]) => `${b}\n    if (${a}) break;`),
  fc.tuple(mixed, add).map(([a, b]) => `if (count < 1 && (${a})) { ${b} count++; }`),
);
const loop = fc
  .tuple(
    fc.constantFrom(
      'for (var i = 0; i < invokers.size(); i++) {\n    var x = invokers.get(i);',
      'for (i = 0; i < invokers.length; i++) {\n    var x = invokers[i];',
      'for (var n = invokers.size(), i = 0; i < n; i += 1) {\n    var x = invokers.get(i);',
      'for each (var x in invokers) {',
      'for each (x in invokers) {',
      'for (var i in invokers) {\n    var x = invokers.get(i);',
      'for (var at in invokers) {\n    var x = invokers[at];',
    ),
    body,
  )
  .map(([head, inner]) => `${head}\n    var h = x.getUrl().getHost();\n    ${inner}\n  }`);
const forEach = fc
  .tuple(mixed, add)
  .map(([a, b]) => `invokers.forEach(function (x) { var h = x.url.host; if (${a}) ${b} });`);
const early = fc
  .tuple(joined(onCall), fc.constantFrom('invokers', 'invokers', 'rest', 'null', 'new java.util.ArrayList()'))
  .map(([a, b]) => `if (${a}) return ${b};`);
const choice = fc
  .tuple(fc.constantFrom('"find"', '"get"'), fc.constantFrom('invokers', 'keep'))
  .map(([a, b]) => `switch (m) { case ${a}: return ${b}; case "list": break; default: print("no"); }`);
const last = fc.oneof(
  { weight: 6, arbitrary: fc.constant('return keep;') },
  fc.constantFrom(
    'return keep.isEmpty() ? invokers : keep;',
    'if (keep.size() == 0) return invokers;\n  return keep;',
    'return keep.size() > 0 ? keep : rest;',
    'keep.addAll(rest);\n  return keep;',
    'return invokers;',
    'return [];',
    'return;',
    '',
  ),
);

const script = fc
  .tuple(
    fc.array(fc.oneof(early, choice), { maxLength: 2 }),
    fc.array(fc.oneof({ weight: 4, arbitrary: loop }, forEach), { minLength: 1, maxLength: 2 }),
    last,
    fc.constantFrom('iife', 'iife', 'iife', 'called', 'dead', 'other', 'cast'),
  )
  .map(([before, loops, end, form]) => {
    const inner = [
      'var keep = new java.util.ArrayList(invokers.size());',
      'var rest = new java.util.ArrayList();',
      'var wanted = ["10.20.3.1", "172.24.1.1"];',
      'var names = new java.util.ArrayList(); names.add("10.20.3.10");',
      'var m = invocation.getMethodName(); var count = 0;',
      'function near(where) { return where.startsWith("10."); }',
      'function listed(where) { for each (var one in wanted) if (one == where) return true; return false; }',
      'function named(where) { for (var at in wanted) { if (wanted[at] != where) continue; return true; } return false; }',
      ...before,
      ...loops,
      end,
    ].join('\n  ');
    const declared = `function route(invokers, invocation, context) {\n  ${inner}\n}`;
    if (form === 'iife') return `(${declared}(invokers, invocation, context));`;
    if (form === 'called') return `${declared}\nroute(invokers, invocation, context);`;
    if (form === 'other') return `var pick = ${declared};\npick(invokers, invocation, context)`;
    return form === 'dead' ? `${declared}\n(invokers);` : `${declared}\n(invokers, invocation, context);`;
  });

/** A JavaScript rule of the documented idioms, over providers of which some may be down. */
export const randomJavaScriptRule: fc.Arbitrary<RandomRule> = fc
  .tuple(
    fc.oneof(
      { weight: 30, arbitrary: script },
      fc.constantFrom('\uff08function route(a) { return a; }(invokers)\uff09', 'return invokers'),
    ),
    arbitraryProviders,
    fc.array(fc.tuple(arbitraryCall, fc.subarray(['p1', 'p2'], { maxLength: 1 })), { minLength: 20, maxLength: 20 }),
  )
  .map(([rule, providers, calls]) => ({
    kind: 'javascript' as const,
    rule,
    app: SAMPLE_APP,
    providers,
    calls: calls.map(([call, down]) => (down.length === 0 ? call : { ...call, down })),
    constructs: MARKS.filter(([, mark]) => mark.test(rule)).map(([name]) => name),
  }));

const MARKS: readonly (readonly [string, RegExp])[] = [
  ['loop by place', /for \(/],
  ['forEach', /forEach/],
  ['for each', /for each \((?:var )?x in/],
  ['for in', /for \(var \w+ in invokers/],
  ['number of a text', /Number\(|parseFloat|parseInt|isNaN| \+[xhi]/],
  ['isAvailable', /vailable/],
  ['getParameter', /getParameter/],
  ['port', /[pP]ort/],
  ['regular expression', /\.test\(/],
  ['attachment', /ttachment/],
  ['argument', /rguments/],
  ['early return', /\n {2}if \(.*\) return/],
  ['fallback', /isEmpty|size\(\) [>=]/],
  ['break or counter', /break;\n| count\+\+/],
  ['try', /try \{/],
];

/** The YAML of a script-router node with a JavaScript rule. */
export function scriptYaml(script: string): string {
  return `type: javascript\nenabled: true\nscript: ${JSON.stringify(script)}\n`;
}
