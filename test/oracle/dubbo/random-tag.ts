/** Generated tag rules. */
import fc from 'fast-check';
import type { RoutingCall } from '../../../src/rules/case-file.ts';
import type { RandomRule } from './random-condition.ts';
import { arbitraryCall, arbitraryProviders, SAMPLE_APP } from './router-sample.ts';

const NAMES = ['gray', 'blue', 'gray|team1', 'a.b', 'own'];
const ADDRESSES = [
  '10.20.3.1:20880',
  '10.20.3.10',
  '10.20.3.*',
  '10.20.3.*:20880',
  '10.20.*.*',
  '10.20.3.1-10:20881',
  '10.20.4.1-150',
  '*:20881',
  '*',
  '*.*.*.*:20880',
  '0.0.0.0:20880',
  '10.20.4.1:*',
  '10.20.0.0/16',
  '10.20.3.0/29',
  '172.24.1.1:20880',
  '10.0.0.9',
  '1.2.3.4:20880',
  '10.20.3',
  '10.20.3.9-1',
  '10.20.3.-5',
  '127.0.0.1:20880',
  '127.0.0.*',
  '*.0.0.1:20881',
  '126-128.0.0.1',
  '127.0.0.0/8',
  '0.0.0.0',
  '0.0.0.0-1:20880',
  '0.0.0.0/0',
  '169.254.1.1',
  ' 10.20.3.1 ',
];
const test = fc.oneof(
  fc.constantFrom('gray', 'hz', 'a', '').map((v) => `exact: ${JSON.stringify(v)}`),
  fc.constantFrom('g', 'p', '').map((v) => `prefix: ${JSON.stringify(v)}`),
  fc.constantFrom('g.*', 'h|s', '[a-z]+', 'p[a-z]*').map((v) => `regex: ${JSON.stringify(v)}`),
  fc.constantFrom('*', 'gray').map((v) => `wildcard: ${JSON.stringify(v)}`),
  fc.constantFrom('empty: ""', 'noempty: ""', 'empty: "x"', 'other: "x"'),
);
const match = fc
  .array(fc.tuple(fc.constantFrom('env', 'region', 'zone', 'nokey'), fc.array(test, { minLength: 1, maxLength: 2 })), {
    minLength: 0,
    maxLength: 2,
  })
  .map((rows) =>
    rows.length === 0
      ? ['    match: []']
      : ['    match:', ...rows.flatMap(([key, tests]) => [`      - key: ${key}`, '        value:', ...unique(tests)])],
  );

function unique(tests: readonly string[]): string[] {
  const seen = new Map(tests.map((text) => [text.split(':')[0], `          ${text}`]));
  return [...seen.values()];
}

const tag = fc
  .tuple(
    fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...NAMES) }, fc.constantFrom('12', '"12"')),
    fc.option(fc.array(fc.constantFrom(...ADDRESSES), { maxLength: 3 }), { nil: null }),
    fc.option(match, { nil: null }),
  )
  .map(([name, addresses, tests]) => [
    `  - name: ${name}`,
    ...(addresses === null ? [] : [`    addresses: ${JSON.stringify(addresses)}`]),
    ...(tests ?? []),
  ]);

const head = fc.tuple(
  fc.constantFrom('force: true', 'force: false', ''),
  fc.constantFrom('enabled: true', '', '', 'enabled: false'),
  fc.constantFrom('configVersion: v3.0', 'configVersion: v3.0', '', 'configVersion: v3.1'),
  fc.constantFrom('key: pets', 'key: pets', 'key: 12'),
  fc.constantFrom('runtime: true', 'priority: 1', ''),
);

/** One time in eight. */
function rarely(value: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> {
  return fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, value);
}

const tagged: fc.Arbitrary<RoutingCall> = fc
  .tuple(
    arbitraryCall,
    fc.option(
      fc.constantFrom('gray', 'blue', 'own', 'nobody', '', 'gray|team1', 'gray|team1|x', 'gray||y', 'a.b', '12'),
      {
        nil: undefined,
      },
    ),
    fc.option(fc.constantFrom('true', 'TRUE', 'false', ''), { nil: undefined, freq: 2 }),
    rarely(fc.constantFrom('gray', 'blue', 'other')),
    rarely(fc.constantFrom('true', 'false')),
  )
  .map(([call, tagOf, force, own, ownForce]) => ({
    ...call,
    attachments: {
      ...call.attachments,
      ...(tagOf === undefined ? {} : { 'dubbo.tag': tagOf }),
      ...(force === undefined ? {} : { 'dubbo.force.tag': force }),
    },
    consumer: {
      ...call.consumer,
      params: {
        ...call.consumer.params,
        ...(own === undefined ? {} : { 'dubbo.tag': own }),
        ...(ownForce === undefined ? {} : { 'dubbo.force.tag': ownForce }),
      },
    },
  }));

/** A tag rule over providers and calls that its names and addresses were made for. */
export const randomTagRule: fc.Arbitrary<RandomRule> = fc
  .tuple(
    fc.array(tag, { minLength: 1, maxLength: 3 }),
    head,
    arbitraryProviders,
    fc.array(tagged, { minLength: 30, maxLength: 30 }),
  )
  .map(([tags, settings, providers, calls]) => {
    const rule = [...settings.filter((text) => text !== ''), 'tags:', ...tags.flat(), ''].join('\n');
    return { kind: 'tag' as const, rule, app: SAMPLE_APP, providers, calls, constructs: constructsOf(rule) };
  });

function constructsOf(rule: string): string[] {
  const marks: readonly (readonly [string, RegExp])[] = [
    ['addresses', /addresses: \["/],
    ['no addresses', /addresses: \[\]/],
    ['address pattern', /"[^"]*[*/-][^"]*"/],
    ['match', /match:\n/],
    ['match of v3.0', /v3\.0[\s\S]*match:\n/],
    ['levels', /\|/],
    ['off', /enabled: false/],
    ['forced', /force: true/],
  ];
  return marks.filter(([, mark]) => mark.test(rule)).map(([name]) => name);
}
