/** The model of Dubbo's mesh router. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoutingCall, RoutingProvider } from '../../../src/rules/case-file.ts';
import { evaluateDocuments } from '../../../src/rules/evaluate-documents.ts';
import { DubboMeshModel, type MeshMatchMode } from '../../../src/rules/models/dubbo-mesh.ts';
import { readMeshRule } from '../../../src/rules/models/mesh-rule.ts';

const PROVIDERS: RoutingProvider[] = [
  { id: 'p1', host: '10.0.0.1', port: 20880, params: { env: 'gray' } },
  { id: 'p2', host: '10.0.0.2', port: 20880, params: { env: 'prod' } },
];

const NO_LABELS = { groups: [], healthChecked: [] };

const DESTINATIONS = `
---
kind: DestinationRule
metadata: {name: d}
spec: {subsets: [{name: gray, labels: {env: gray}}, {name: prod, labels: {env: prod}}, {name: none, labels: {env: none}}]}
`;

/** A rule whose only route has these details. */
function rule(details: string): string {
  return `kind: VirtualService\nmetadata: {name: v}\nspec: {dubbo: [{routedetail: ${details}}]}${DESTINATIONS}`;
}

const GRAY = 'route: [{destination: {subset: gray}}]';

/** A detail that matches one argument by a number. */
function number(match: string): string {
  return rule(`[{match: [{method: {args: [{index: 0, num_value: {oneof: [${match}]}}]}}], ${GRAY}}]`);
}

function call(parts: Partial<RoutingCall> = {}): RoutingCall {
  return {
    service: 'com.acme.S',
    method: 'get',
    paramTypes: ['long'],
    args: [{ t: 'java.lang.Long', v: '6' }],
    attachments: {},
    consumer: {},
    ...parts,
  };
}

function reached(text: string, asked: RoutingCall = call(), mode: MeshMatchMode = 'and'): string {
  const reading = readMeshRule(text);
  if (!reading.ok) return `rejected: ${reading.reason}`;
  const outcome = new DubboMeshModel(reading.rule, mode).evaluate(asked, PROVIDERS);
  if (outcome.kind === 'error') return outcome.exception;
  if (outcome.kind === 'routed')
    return outcome.picks.map((pick) => `${pick.providers.join(',')}*${pick.share}`).join(' ');
  return outcome.kind;
}

const LONG = (v: string): RoutingCall => call({ args: [{ t: 'java.lang.Long', v }] });

describe('the model of the Dubbo 3.3.6 mesh router', () => {
  it('drops an integer literal where a Double belongs', () => {
    for (const literal of ['6', '"6"', '0x6'])
      assert.equal(reached(number(`{exact: ${literal}}`)), 'unrouted', literal);
    for (const literal of ['6.0', '6e0', '!!float 6'])
      assert.equal(reached(number(`{exact: ${literal}}`)), 'p1*1', literal);
    assert.equal(reached(number('{range: {start: 1.0, end: 100}}'), LONG('100000')), 'p1*1');
    assert.equal(reached(number('{exact: 6.0, mod: 2}')), 'p1*1');
  });

  it('tells 0.0 from -0.0 and rounds beyond 2^53', () => {
    assert.equal(reached(number('{exact: 0.0, mod: 2.0}'), LONG('-4')), 'unrouted');
    assert.equal(reached(number('{exact: -0.0, mod: 2.0}'), LONG('-4')), 'p1*1');
    assert.equal(reached(number('{exact: 9007199254740992.0}'), LONG('9007199254740993')), 'p1*1');
  });

  it('fails the call over null, text and missing arguments', () => {
    assert.equal(reached(number('{exact: 6.0}'), call({ args: [{ t: 'null' }] })), 'java.lang.NullPointerException');
    assert.equal(
      reached(number('{exact: 6.0}'), call({ args: [{ t: 'java.lang.String', v: 'x' }] })),
      'java.lang.NumberFormatException',
    );
    const second = number('{exact: 6.0}').replace('index: 0', 'index: 1');
    assert.equal(reached(second), 'java.lang.IndexOutOfBoundsException');
    assert.equal(reached(number('{exact: 6.0}'), call({ args: [], paramTypes: [] })), 'unrouted');
    for (const v of [' 6 ', '6d'])
      assert.equal(reached(number('{exact: 6.0}'), call({ args: [{ t: 'java.lang.String', v }] })), 'p1*1');
  });

  it('takes an empty or misspelt match for one that always holds', () => {
    for (const match of ['[]', '[{}]', '{a: 1}', '[{metod: {}}]'])
      assert.equal(reached(rule(`[{match: ${match}, ${GRAY}}]`)), 'p1*1', match);
  });

  it('drops argc of another class, so that every count matches', () => {
    const detail = (argc: string) => rule(`[{match: [{method: {argc: ${argc}}}], ${GRAY}}]`);
    assert.equal(reached(detail('2')), 'unrouted');
    for (const argc of ['"2"', '2.0']) assert.equal(reached(detail(argc)), 'p1*1', argc);
  });

  it('rejects the whole text over a weight, an index or a null', () => {
    assert.match(reached(rule('[{route: [{destination: {subset: gray}, weight: "50"}]}]')), /^rejected/);
    assert.match(reached(number('{exact: 6.0}').replace('index: 0', 'index: "0"')), /^rejected/);
    assert.match(reached(rule(`[{match: [{sourceLabels: {a: null}}], ${GRAY}}]`)), /^rejected/);
    assert.match(reached(rule(`[{match: [{attachments: {dubboContext: {a: }}}], ${GRAY}}]`)), /^rejected/);
  });

  it('takes neither document alone, nor one with a dot in its name', () => {
    assert.match(reached(DESTINATIONS), /no VirtualService/);
    assert.match(reached(rule(`[{${GRAY}}]`).split('---')[0] ?? ''), /no DestinationRule/);
    assert.match(reached(rule(`[{${GRAY}}]`).replace('name: v', 'name: v.w')), /no VirtualService/);
  });

  it('gives the first destination a ticket too many', () => {
    const weights = (list: number[]) =>
      rule(
        `[{route: [${list.map((weight, at) => `{destination: {subset: ${['gray', 'prod'][at]}}, weight: ${weight}}`).join(', ')}]}]`,
      );
    assert.equal(reached(weights([1, 1])), 'p1*1');
    assert.equal(reached(weights([5, 5])), 'p1*0.6 p2*0.4');
    assert.equal(reached(weights([50, 50])), 'p1*0.51 p2*0.49');
    assert.equal(reached(weights([0, 100])), `p1*${2 / 101} p2*${99 / 101}`);
  });

  it('hands the share of an empty destination to the next', () => {
    const text = rule(
      '[{route: [{destination: {subset: none}, weight: 50}, {destination: {subset: prod}, weight: 50}]}]',
    );
    assert.equal(reached(text), 'p2*1');
  });

  it('reads fallback.destination and nothing flat', () => {
    assert.equal(
      reached(rule('[{route: [{destination: {subset: none, fallback: {destination: {subset: prod}}}}]}]')),
      'p2*1',
    );
    assert.equal(reached(rule('[{route: [{destination: {subset: none, fallback: {subset: prod}}}]}]')), 'p1,p2*1');
  });

  it('fails every call over an empty route or a route without destination', () => {
    assert.equal(reached(rule('[{route: []}]')), 'java.lang.IllegalArgumentException');
    assert.equal(reached(rule('[{route: [{weight: 1}]}]')), 'java.lang.NullPointerException');
    assert.equal(reached(rule('[{name: x}]')), 'unrouted');
  });

  it('fails only the calls that chance gives to an entry without destination', () => {
    const half = rule('[{name: r, route: [{destination: {subset: gray}, weight: 50}, {weight: 50}]}]');
    assert.equal(reached(half), 'p1*0.51 *0.49');
    // An empty group hands its calls on, and they meet the entry too; the one before it they meet only after the last.
    const handed = '[{route: [{destination: {subset: none}, weight: 50}, {weight: 50}]}]';
    assert.equal(reached(rule(handed)), 'java.lang.NullPointerException');
    const before =
      '[{route: [{destination: {subset: prod}, weight: 50}, {weight: 1}, {destination: {subset: none}, weight: 50}]}]';
    assert.equal(reached(rule(before)), `p2*${51 / 101 + 49 / 101} *${1 / 101}`);
    const reading = readMeshRule(half);
    assert.ok(reading.ok);
    const documents = { model: new DubboMeshModel(reading.rule, 'and'), labels: NO_LABELS };
    assert.deepEqual(evaluateDocuments({ ...documents, generated: false }, call(), 0, PROVIDERS).choices, [
      { providers: ['p1'], share: 0.51 },
      { providers: [], share: 0.49, outcome: 'ERROR:java.lang.NullPointerException' },
    ]);
    assert.equal(evaluateDocuments({ ...documents, generated: true }, call(), 0, PROVIDERS).outcome, 'REFUSED');
  });

  it('fails a call over a pattern that Java refuses, and does not answer for one that weir does not read', () => {
    const named = (pattern: string) => rule(`[{match: [{method: {name_match: {regex: '${pattern}'}}}], ${GRAY}}]`);
    for (const pattern of ['get[A-', '*x', 'a{2,1}'])
      assert.equal(reached(named(pattern)), 'java.util.regex.PatternSyntaxException', pattern);
    const reading = readMeshRule(named('get(?>a|b)'));
    assert.ok(reading.ok);
    const documents = { model: new DubboMeshModel(reading.rule, 'and'), labels: NO_LABELS, generated: false };
    const answer = evaluateDocuments(documents, call(), 0, PROVIDERS);
    assert.equal(answer.outcome, 'REFUSED');
    assert.match(answer.reason ?? '', /does not read a pattern/);
  });

  it('skips exact, prefix, regex and wildcard for null', () => {
    const attachment = (match: string) => rule(`[{match: [{attachments: {dubboContext: {k: ${match}}}}], ${GRAY}}]`);
    assert.equal(reached(attachment('{exact: v, empty: "true"}')), 'p1*1');
    assert.equal(reached(attachment('{exact: v, empty: "true"}'), call({ attachments: { k: '' } })), 'unrouted');
    assert.equal(reached(attachment('{empty: }')), 'unrouted');
    assert.equal(reached(attachment('{noempty: "1"}'), call({ attachments: { k: 'x' } })), 'p1*1');
  });

  it('joins the entries of a match by version', () => {
    const text = rule(
      `[{match: [{method: {name_match: {exact: get}}}, {method: {name_match: {exact: put}}}], ${GRAY}}]`,
    );
    assert.equal(reached(text, call(), 'and'), 'unrouted');
    assert.equal(reached(text, call(), 'or'), 'p1*1');
  });

  it('reads YAML 1.1 words and numbers as a Java reader does', () => {
    const named = (value: string) => rule(`[{match: [{method: {name_match: {exact: ${value}}}}], ${GRAY}}]`);
    assert.equal(reached(named('yes'), call({ method: 'true' })), 'p1*1');
    assert.equal(reached(named('012'), call({ method: '10' })), 'p1*1');
    assert.equal(reached(named('6.10'), call({ method: '6.1' })), 'p1*1');
    assert.equal(reached(named('"012"'), call({ method: '012' })), 'p1*1');
  });

  it('compares services by the bare interface and stops at the first route', () => {
    const services = (list: string) => rule(`[{${GRAY}}]`).replace('{routedetail', `{services: ${list}, routedetail`);
    assert.equal(reached(services('[{exact: "com.acme.S:1.0"}]')), 'unrouted');
    assert.equal(reached(services('[{}]')), 'unrouted');
    assert.equal(reached(services('[]')), 'p1*1');
  });
});
