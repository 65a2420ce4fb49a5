/** The linter of mesh rules. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { lintMeshRule } from '../../../src/rules/lint/mesh-lint.ts';
import { readYamlDocuments } from '../../../src/rules/models/yaml-value.ts';
import { lowerDubboMesh } from '../../../src/rules/targets/dubbo-mesh.ts';
import { arbitraryPlan, SAMPLE_PROVIDERS, SAMPLE_SERVICE } from '../../fakes/arbitrary-plan.ts';

const DESTINATIONS =
  '---\nkind: DestinationRule\nmetadata: {name: d}\nspec: {subsets: [{name: gray, labels: {env: "gray"}}]}\n';

function codes(details: string, destinations: string = DESTINATIONS): string[] {
  const text = `kind: VirtualService\nmetadata: {name: v}\nspec: {dubbo: [{routedetail: ${details}}]}\n${destinations}`;
  return [...new Set(lintMeshRule(text).map((finding) => finding.code))];
}

const GRAY = 'route: [{destination: {subset: gray}}]';

describe('the linter of mesh rules', () => {
  it('finds each trap by its own id', () => {
    const guarded = (args: string) => `[{match: [{method: {argc: 1, argp: [{exact: long}], args: ${args}}}], ${GRAY}}]`;
    const traps: [string, string][] = [
      [guarded('[{index: 0, num_value: {oneof: [{exact: 6}]}}]'), 'WR040'],
      [guarded('[{index: 0, num_value: {oneof: [{range: {start: 1.0, end: 100}}]}}]'), 'WR040'],
      ['[{route: [{destination: {subset: gray}, weight: 1}, {destination: {subset: gray}, weight: 1}]}]', 'WR041'],
      ['[{route: [{destination: {subset: blue}}]}]', 'WR042'],
      [`[{match: [{method: {argc: 1}}, {method: {argc: 2}}], ${GRAY}}]`, 'WR043'],
      [`[{match: [{method: {args: [{index: 0, str_value: {oneof: [{exact: a}]}}]}}], ${GRAY}}]`, 'WR044'],
      [`[{match: [{method: {argc: "1"}}], ${GRAY}}]`, 'WR046'],
      [`[{match: [{method: {name_match: {exact: 012}}}], ${GRAY}}]`, 'WR046'],
      [`[{match: [{metod: {}}], ${GRAY}}]`, 'WR064'],
      [`[{match: [{headers: {a: b}}], ${GRAY}}]`, 'WR064'],
      ['[{route: [{destination: {subset: gray}, fallback: {destination: {subset: gray}}}]}]', 'WR054'],
      [`[{match: [{method: {argc: 1, argp: [string]}}], ${GRAY}}]`, 'WR046'],
      [`[{match: [{method: {name_match: {exakt: a}}}], ${GRAY}}]`, 'WR064'],
      [`[{match: [{attachments: {context: {a: {exact: b}}}}], ${GRAY}}]`, 'WR064'],
      [`[{'-route': 1, ${GRAY}}]`, 'WR064'],
      ['[{route: [{-destination: {subset: gray}}]}]', 'WR064'],
      [`[{match: [], ${GRAY}}]`, 'WR049'],
      [`[{match: [{sourceLabels: {a: }}], ${GRAY}}]`, 'WR052'],
      ['[{route: []}]', 'WR053'],
      [`[{match: [{method: {name_match: {regex: "*get"}}}], ${GRAY}}]`, 'WR053'],
      ['[{route: [{destination: {subset: gray, fallback: {subset: gray}}}]}]', 'WR054'],
      [`[{${GRAY}}, {${GRAY}}]`, 'WR056'],
    ];
    for (const [details, code] of traps) assert.ok(codes(details).includes(code), `${code} for ${details}`);
    assert.deepEqual(codes(`[{${GRAY}}]`, ''), ['WR047', 'WR042']);
    assert.deepEqual(codes(`[{${GRAY}}]`), []);
  });

  it('says which calls a route without destination fails', () => {
    const told = (route: string) =>
      lintMeshRule(
        `kind: VirtualService\nmetadata: {name: v}\nspec: {dubbo: [{routedetail: [{route: ${route}}]}]}\n${DESTINATIONS}`,
      ).flatMap(({ code, message }) => (code === 'WR053' ? [message] : []));
    assert.deepEqual(told('[{weight: 1}]'), ['A route without destination fails every call that comes here.']);
    const chance = ['A route without destination fails the calls that its weight gives it.'];
    assert.deepEqual(told('[{destination: {subset: gray}, weight: 9000}, {weight: 1000}]'), chance);
    assert.deepEqual(told('[{destination: gray, weight: 9000}, {destination: {subset: gray}, weight: 1000}]'), chance);
  });

  it('finds a key that is not read at every place, and says what was meant', () => {
    const text = (spec: string) => `kind: VirtualService\nmetadata: {name: v}\nspec: ${spec}\n${DESTINATIONS}`;
    const [service] = lintMeshRule(text(`{dubbo: [{service: [{exact: a.B}], routedetail: [{${GRAY}}]}]}`));
    assert.deepEqual([service?.code, service?.line], ['WR064', 3]);
    assert.match(service?.message ?? '', /did you mean services\?/);
    const moved = lintMeshRule(text(`{dubbo: [{routedetail: [{argc: 1, ${GRAY}}]}]}`));
    assert.match(moved[0]?.message ?? '', /it belongs into method/);
    const blank = lintMeshRule(text(`{dubbo: [{"route details": [{${GRAY}}]}]}`));
    assert.match(blank[0]?.message ?? '', /route details is ignored.*routedetail/);
  });

  it('leaves documents of Istio and of other kinds alone', () => {
    const istio = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
    - match: [{headers: {end-user: {exact: jason}}}]
      route: [{destination: {host: reviews, subset: v2}}]
`;
    assert.deepEqual(lintMeshRule(istio), []);
    assert.deepEqual(lintMeshRule('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a.b}\ndata: {}\n'), []);
  });

  it('says where', () => {
    const [finding] = lintMeshRule('kind: VirtualService\nmetadata:\n  name: a.b\n');
    assert.deepEqual([finding?.code, finding?.line, finding?.column], ['WR047', 1, 1]);
    assert.ok(
      lintMeshRule('kind: VirtualService\nmetadata:\n  name: a.b\n').some(
        (one) => one.code === 'WR051' && one.line === 3 && one.column === 9,
      ),
    );
    assert.deepEqual(
      lintMeshRule('a: [').map((one) => one.code),
      ['WR052'],
    );
  });

  it('has nothing to say about documents that weir writes', () => {
    fc.assert(
      fc.property(arbitraryPlan, (plan) => {
        const { text } = lowerDubboMesh({
          plan,
          name: 'x',
          services: [SAMPLE_SERVICE],
          providers: SAMPLE_PROVIDERS,
          version: 'and-match',
          accepted: new Set(),
          rejected: new Map(),
        });
        assert.deepEqual(lintMeshRule(text ?? ''), []);
      }),
      { numRuns: 60, seed: 3 },
    );
  });
});

describe('aliases in mesh rules', () => {
  const rule = (subset: string): string =>
    [
      `x: &to {host: d, subset: ${subset}}`,
      'kind: VirtualService',
      'metadata: {name: v}',
      'spec: {hosts: [d], dubbo: [{services: [{exact: s.S}], routedetail: [{name: r, route: [{destination: *to}]}]}]}',
    ].join('\n');

  it('are followed: what an alias names is looked at as if it stood there', () => {
    const codesOf = (subset: string): string[] =>
      lintMeshRule(`${rule(subset)}\n${DESTINATIONS}`).map(({ code }) => code);
    assert.deepEqual(
      codesOf('nowhere').filter((code) => !codesOf('gray').includes(code)),
      lintMeshRule(`${rule('nowhere').replace('*to', '{host: d, subset: nowhere}')}\n${DESTINATIONS}`)
        .map(({ code }) => code)
        .filter((code) => !codesOf('gray').includes(code)),
    );
    assert.notDeepEqual(codesOf('nowhere'), codesOf('gray'));
  });

  it('that name lists of lists are no YAML that Dubbo takes, found in bounded work', () => {
    const lists = 'bcdefghij'.split('').map((name, at) => {
      const item = `*${'abcdefghi'[at]}`;
      return `${name}: &${name} [${Array.from({ length: 9 }, () => item).join(', ')}]`;
    });
    const text = `a: &a [x]\n${lists.join('\n')}\nkind: VirtualService\nspec: *j\n`;
    const [finding] = lintMeshRule(text);
    assert.deepEqual([finding?.code, finding?.line], ['WR052', 7]);
    const reading = readYamlDocuments(text);
    assert.ok(!reading.ok && /more than 50 aliases/.test(reading.reason) && reading.line === 7);
  });
});
