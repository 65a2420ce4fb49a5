/** Generated condition rules. */
import fc from 'fast-check';
import type { RouterQuestion } from '../../../src/rules/usecases/ports.ts';
import { arbitraryCall, arbitraryProviders, SAMPLE_APP, SAMPLE_SERVICE } from './router-sample.ts';

/** A condition rule with the constructs that it uses, and what it is asked. */
export interface RandomRule extends RouterQuestion {
  readonly constructs: readonly string[];
}

const operator = fc.constantFrom('=', '!=', ' = ', ' != ', '= ');
const joined = (values: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .array(values, { minLength: 1, maxLength: 3 })
    .chain((list) => fc.constantFrom(',', ', ').map((by) => list.join(by)));

const texts = ['a', 'tom', 'gray', 'abc', 'hz', 'sh', 'vip', '5', '101', 'null', 'web', 'app1', 'consumer', 'dubbo'];
const globs = ['*', 'a*', '*c', 'a*c', 'a*a', '**', 'n*', 'd*', 'find*', '*All', 'g*t*l'];
const ranges = ['1~100', '101~', '~60', '~', '60~5', '0~0', 'a~b', '1~2~3', '~~5', '99999999999~1', '5~99999999999'];
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...texts) },
  { weight: 2, arbitrary: fc.constantFrom(...globs) },
  { weight: 2, arbitrary: fc.constantFrom(...ranges) },
  fc.constantFrom('$host', '$region', '$protocol'),
);

const leftKey = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('method', 'methods', 'application', 'host', 'address') },
  fc.constantFrom('protocol', 'port', 'path', 'interface', 'side'),
  fc.constantFrom('region', 'env', 'timeout', 'user.vip', 'consumer.region', 'nokey'),
  { weight: 2, arbitrary: fc.constantFrom('arguments[0]', 'arguments[1]', 'arguments[2]', 'arguments[0].name') },
  fc.constantFrom('arguments', 'arguments[x]', 'arguments[9999999999]'),
  { weight: 2, arbitrary: fc.constantFrom('attachments[user_id]', 'attachments[level]') },
  fc.constantFrom('attachments', 'attachments[user.id]', 'attachments[user].id', 'attachments[]'),
);
const rightKey = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('region', 'zone', 'env', 'weight', 'version', 'provider.region') },
  { weight: 2, arbitrary: fc.constantFrom('host', 'port', 'address') },
  fc.constantFrom('protocol', 'path', 'interface', 'side', 'application', 'nokey', 'method'),
  fc.constantFrom('arguments[0]', 'attachments[level]', 'attachments'),
);
const special: Readonly<Record<string, readonly string[]>> = {
  method: ['find', 'get*', 'find*,list', '*'],
  methods: ['pay', 'get*,find*'],
  application: ['web', 'app1', 'kylin', 'w*'],
  host: ['10.20.3.1', '10.20.*', '10.22.3.*', '*.1', '172.24.1.1'],
  address: ['*:20880', '10.20.3.*', '10.8.0.7', '172.24.1.1:20881', '10.20.3.1:20880'],
  port: ['20880', '2088*', '20881'],
  path: [SAMPLE_SERVICE, 'com.*', 'pets.CatService'],
  interface: [SAMPLE_SERVICE, '*CatService', 'pets.CatService'],
  side: ['consumer', 'provider'],
  protocol: ['dubbo', 'consumer', 'tri'],
  weight: ['1~100', '100', '~60', '0~7', '101~', 'x'],
};
const pair = (keys: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(keys, fc.boolean()).chain(([key, plain]) => {
    const own = special[key];
    const values = joined(own !== undefined && plain ? fc.constantFrom(...own) : value);
    return fc.oneof(
      { weight: 12, arbitrary: fc.tuple(operator, values).map(([op, list]) => `${key}${op}${list}`) },
      fc.tuple(values, values).map(([a, b]) => `${key} = ${a} != ${b}`),
      fc.constantFrom(key, `${key}=`, `${key} != `, `${key}==a`, `=${key}`),
    );
  });
const side = (keys: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .array(pair(keys), { minLength: 1, maxLength: 3 })
    .chain((pairs) => fc.constantFrom(' & ', '&', ' ').map((by) => pairs.join(by)));

const line = fc
  .tuple(
    fc.oneof({ weight: 6, arbitrary: side(leftKey) }, fc.constantFrom('', 'true', ' ')),
    fc.constantFrom(' => ', '=>', ' => ', ' => '),
    fc.oneof({ weight: 8, arbitrary: side(rightKey) }, fc.constantFrom('', 'false', ' ', 'region=hz => zone=a', '&')),
  )
  .chain(([left, arrow, right]) =>
    fc.oneof({ weight: 20, arbitrary: fc.constant(`${left}${arrow}${right}`) }, fc.constant(right || 'region=hz')),
  );

const settings = fc.record({
  force: fc.constantFrom('force: true', 'force: false', '', 'force: yes'),
  enabled: fc.constantFrom('enabled: true', '', '', '', 'enabled: false', 'enabled: off', 'valid: false'),
  version: fc.constantFrom(
    '',
    '',
    'configVersion: v3.0',
    'configVersion: v3.0',
    'configVersion: v3.1',
    'configVersion: 3.0',
  ),
  key: fc.constantFrom(
    `scope: service\nkey: ${SAMPLE_SERVICE}`,
    `scope: application\nkey: ${SAMPLE_APP}`,
    `key: ${SAMPLE_APP}`,
    'key: 123',
  ),
  other: fc.constantFrom('', 'runtime: true', 'priority: 1', 'priority: first'),
});

const yamlRule = fc.tuple(fc.array(line, { minLength: 1, maxLength: 3 }), settings).map(([lines, set]) => ({
  kind: 'condition-yaml' as const,
  rule: [
    ...Object.values(set).filter((text) => text !== ''),
    'conditions:',
    ...lines.map((text) => `  - ${JSON.stringify(text)}`),
    '',
  ].join('\n'),
  lines,
}));

const urlRule = fc
  .tuple(
    line,
    fc.constantFrom('', '&force=true', '&force=True', '&enabled=false', '&runtime=true&priority=1'),
    fc.boolean(),
  )
  .map(([text, more, plus]) => ({
    kind: 'condition-url' as const,
    rule: `condition://0.0.0.0/${SAMPLE_SERVICE}?category=routers&dynamic=false${more}&rule=${
      plus ? encodeURIComponent(text).replaceAll('%20', '+') : encodeURIComponent(text)
    }`,
    lines: [text],
  }));

/** A condition rule over providers and calls that its keys and values were made for. */
export const randomConditionRule: fc.Arbitrary<RandomRule> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: yamlRule }, urlRule),
    arbitraryProviders,
    fc.array(arbitraryCall, { minLength: 30, maxLength: 30 }),
  )
  .map(([{ kind, rule, lines }, providers, calls]) => ({
    kind,
    rule,
    app: SAMPLE_APP,
    providers,
    calls,
    constructs: constructsOf(lines),
  }));

function constructsOf(lines: readonly string[]): string[] {
  const text = lines.join('\n');
  const marks: readonly (readonly [string, RegExp])[] = [
    ['argument', /arguments/],
    ['attachment', /attachments/],
    ['range', /~/],
    ['glob', /\*/],
    ['differs', /!=/],
    ['caller value', /\$/],
    ['key of every URL', /protocol|path|interface|side|address|port/],
    ['deny', /=>\s*(?:false)?\s*$/m],
    ['several lines', /\n/],
  ];
  return marks.filter(([, mark]) => mark.test(text)).map(([name]) => name);
}
