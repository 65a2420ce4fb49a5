/** Providers and calls for generated rules. */
import fc from 'fast-check';
import type { RoutingCall, RoutingProvider } from '../../../src/rules/case-file.ts';
import type { TypedValue } from '../../../src/rules/plan/typed-value.ts';

/** The interface of all generated calls. */
export const SAMPLE_SERVICE = 'com.pets.CatService';

/** The provider application of all generated rules. */
export const SAMPLE_APP = 'pets';

const params = fc
  .record(
    {
      region: fc.constantFrom('hz', 'sh', 'bj', ''),
      zone: fc.constantFrom('a', 'b', 'ab'),
      env: fc.constantFrom('gray', 'prod', 'pre', ''),
      weight: fc.constantFrom('0', '7', '50', '100', '007', '-5', 'x', '99999999999'),
      version: fc.constantFrom('1.0.0', '2.3.0'),
      application: fc.constant(SAMPLE_APP),
      'dubbo.tag': fc.constantFrom('gray', 'blue', 'own', ''),
    },
    { requiredKeys: [] },
  )
  .map((found) => Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)));

const HOSTS = [
  ...['10.20.3.1', '10.20.3.10', '10.20.4.1', '10.20.4.200', '172.24.1.1', '10.0.0.9'],
  ...['127.0.0.1', '0.0.0.0', '169.254.1.1'],
];

/** Two to five providers with different addresses. */
export const arbitraryProviders: fc.Arbitrary<RoutingProvider[]> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...HOSTS), fc.constantFrom(20880, 20881), params), {
    minLength: 2,
    maxLength: 5,
    selector: ([host, port]) => `${host}:${port}`,
  })
  .map((rows) => rows.map(([host, port, found], at) => ({ id: `p${at + 1}`, host, port, params: found })));

const argument: fc.Arbitrary<TypedValue> = fc.oneof(
  fc.constantFrom('', 'a', 'tom', 'gray', 'abc', '5', '101', 'null', '7x').map((v) => ({ t: 'java.lang.String', v })),
  fc.constantFrom('0', '5', '60', '100', '101', '-3').map((v) => ({ t: 'java.lang.Integer', v })),
  fc.constantFrom('5', '101', '99999999999').map((v) => ({ t: 'java.lang.Long', v })),
  fc.constantFrom<TypedValue>({ t: 'null' }, { t: 'java.lang.Boolean', v: true }, { t: 'java.lang.Double', v: '5.0' }),
);

/** Values of attachments and consumer parameters. */
const word = fc.constantFrom('', 'a', 'abc', 'gray', 'blue', 'hz', 'sh', '5', '60', '101', '007', '-5', 'vip');

/** A call from a consumer; the keys are those that generated rules ask for. */
export const arbitraryCall: fc.Arbitrary<RoutingCall> = fc
  .record({
    method: fc.constantFrom('find', 'findAll', 'get', 'getAll', 'pay', 'list'),
    args: fc.array(argument, { maxLength: 3 }),
    attachments: fc.dictionary(fc.constantFrom('user_id', 'level', 'user', 'user.id'), word, { maxKeys: 2 }),
    application: fc.constantFrom('web', 'app1', 'crm'),
    host: fc.constantFrom('10.8.0.7', '10.22.3.4', '172.24.1.1'),
    params: fc.dictionary(fc.constantFrom('region', 'env', 'timeout', 'user.vip'), word, { maxKeys: 2 }),
    only: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      fc.subarray(['p1', 'p2', 'p3', 'p4', 'p5'], { minLength: 1 }),
    ),
  })
  .map(({ method, args, attachments, application, host, params: own, only }) => ({
    service: SAMPLE_SERVICE,
    method,
    paramTypes: args.map(() => 'java.lang.Object'),
    args,
    attachments,
    consumer: { application, host, params: own },
    ...(only === undefined ? {} : { only }),
  }));
