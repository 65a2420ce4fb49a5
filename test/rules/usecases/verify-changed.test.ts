/** `verify` on documents that somebody changed after the conversion. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TargetName } from '../../../src/rules/targets/target.ts';
import { convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import { type Verification, verifyRules } from '../../../src/rules/usecases/verify-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const GRAY = "invokers.findAll { it.url.getParameter('env') == 'gray' && it.url.getParameter('zone') == 'hz' }";
const METHODS = `if (invocation.methodName == 'pay') return ${GRAY} ?: invokers\nreturn invokers`;
const TAGGED = `if (invocation.getAttachment('tag') == 'vip') return ${GRAY}\nif (invocation.methodName == 'pay') return invokers.take(1)\nreturn invokers`;
const SIZES = `if (invocation.arguments[0] > 10) return ${GRAY} ?: invokers\nreturn invokers`;
const SERVICES = JSON.stringify([{ interface: 'pets.CatService', methods: [{ name: 'buy', paramTypes: ['long'] }] }]);
const CONDITION =
  'configVersion: v3.0\nscope: service\nkey: pets.CatService\nconditions: ["method=pay => env=gray"]\nforce: true\n';

interface Change {
  readonly what: string;
  readonly rule: string;
  readonly target: TargetName;
  readonly from: string | RegExp;
  readonly to: string;
}

const CHANGES: readonly Change[] = [
  { what: 'a subset that lost one of its labels', rule: METHODS, target: 'dubbo-mesh', from: /, zone: 'hz'/, to: '' },
  {
    what: 'an entry left to the script that sends its calls somewhere',
    rule: TAGGED,
    target: 'dubbo-mesh',
    from: /(r2-refused[\s\S]*?subset: )'all'/,
    to: "$1'env-gray-zone-hz'",
  },
  {
    what: 'an entry left to the script that takes calls of the next rule',
    rule: TAGGED,
    target: 'dubbo-mesh',
    from: "name_match: {exact: 'pay'}",
    to: "name_match: {prefix: 'p'}",
  },
  {
    what: 'an entry that fails for other methods',
    rule: SIZES,
    target: 'dubbo-mesh',
    from: /argc: 1\n +argp: .*\n/,
    to: '',
  },
  {
    what: 'an entry for a service that nobody named',
    rule: METHODS,
    target: 'dubbo-mesh',
    from: "    - name: 'all-services'",
    to: "    - name: 'dogs'\n      services: [{exact: 'pets.DogService'}]\n      routedetail: [{name: 'r1', route: [{destination: {subset: 'env-gray-zone-hz'}}]}]\n    - name: 'all-services'",
  },
  {
    what: 'an entry for another service than the rule is about',
    rule: CONDITION,
    target: 'dubbo-mesh',
    from: "services: [{exact: 'pets.CatService'}]",
    to: "services: [{prefix: 'pets.'}]",
  },
  { what: 'a VirtualService without a spec', rule: METHODS, target: 'dubbo-mesh', from: 'spec:', to: 'specs:' },
  { what: 'a text where a map was', rule: METHODS, target: 'dubbo-mesh', from: 'host: ', to: 'host: {a: b}\nx: ' },
  {
    what: 'a field that weir does not know',
    rule: METHODS,
    target: 'istio',
    from: '- uri:',
    to: '- port: 80\n          uri:',
  },
  {
    what: 'another host',
    rule: METHODS,
    target: 'istio',
    from: "destination: {host: 'rule'",
    to: "destination: {host: 'old'",
  },
  { what: 'routes for another host', rule: METHODS, target: 'istio', from: "hosts: ['rule']", to: "hosts: ['old']" },
  {
    what: 'an entry left to the script that denies its calls',
    rule: TAGGED,
    target: 'istio',
    from: /(r2-refused[\s\S]*?)route:\n.*\n/,
    to: '$1directResponse: {status: 503}\n',
  },
  {
    what: 'a test turned round',
    rule: TAGGED,
    target: 'envoy-dubbo',
    from: "string_match: {exact: 'vip'}",
    to: "invert_match: true, string_match: {exact: 'vip'}",
  },
  { what: 'another cluster', rule: TAGGED, target: 'envoy-dubbo', from: "cluster: 'rule'", to: "cluster: 'old'" },
  { what: 'routes for one version', rule: METHODS, target: 'envoy', from: 'spec:\n', to: "spec:\n  version: '1.0'\n" },
  {
    what: 'an entry left to the script that has an outcome',
    rule: TAGGED,
    target: 'envoy',
    from: /(name: 'r2-refused'\n)/,
    to: "$1      outcome: 'env-gray-zone-hz'\n",
  },
  {
    what: 'a second condition in one match',
    rule: METHODS,
    target: 'aeraki',
    from: "exact: 'pay'",
    to: "exact: 'pay', prefix: 'p'",
  },
];

describe('verify', () => {
  for (const { what, rule, target, from, to } of CHANGES) {
    it(`finds ${what} (${target})`, async () => {
      const { before, after } = await verifyChanged(rule, target, (text) => text.replace(from, to));
      const proved = provedOf(before);
      assert.ok(proved.length > 0, 'the conversion proves a rule');
      const isLost = after === null || proved.some((id) => !provedOf(after).includes(id));
      assert.ok(isLost || after.disagreements > before.disagreements, JSON.stringify(after));
    });
  }

  it('takes fields that Dubbo does not read, comments and quotes for what they are', async () => {
    const change = (text: string): string =>
      text
        .replace("{exact: 'pay'}", '{exact: "pay"}')
        .replace("name: 'all-services'", "name: everything\n      owner: 'team a'");
    const { before, after } = await verifyChanged(METHODS, 'dubbo-mesh', change);
    assert.deepEqual(after === null ? null : provedOf(after), provedOf(before));
  });
});

/** What `verify` says of the documents, and of the changed ones; null where it says that it cannot use them. */
async function verifyChanged(
  rule: string,
  target: TargetName,
  change: (text: string) => string,
): Promise<{ before: Verification; after: Verification | null }> {
  const path = rule === CONDITION ? 'rule.yaml' : 'rule.groovy';
  const files = new MemoryRuleFiles({ [path]: rule, 'services.json': SERVICES });
  const request = { paths: [path], target, services: 'services.json' };
  const ports = { files, today: '2026-01-01' };
  const shown = { weirVersion: '0', frame: () => '', progress: () => undefined };
  await convertRules({ ...request, out: 'mesh', check: false }, { ...ports, ...shown });
  const verify = (): Promise<Verification> => verifyRules({ ...request, rules: 'mesh' }, ports);
  const before = await verify();
  const name = `mesh/rule.${target}.yaml`;
  const text = files.texts.get(name) ?? '';
  const changed = change(text);
  assert.notEqual(changed, text, text);
  files.texts.set(name, changed);
  const after = await verify();
  return { before, after: after.errors.length > 0 ? null : after };
}

function provedOf({ scripts }: Verification): string[] {
  return scripts.flatMap(({ rules }) => rules.filter(({ verdict }) => verdict === 'proved').map(({ id }) => id));
}
