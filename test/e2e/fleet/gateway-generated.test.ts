/** Generated routes of a gateway: each request to a real Envoy goes where a reading of the documents by hand says. */
import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { json } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import { GATEWAY_POD } from '../../../src/fleet/model/gateway/gateway-documents.ts';
import { parseObjects } from '../../../src/fleet/model/parse-objects.ts';
import { renderGateway } from '../../../src/fleet/usecases/render-release.ts';
import { freePorts } from '../../free-ports.ts';
import { listening, runGateway } from './gateway-lab.ts';

const GATEWAYS = 12;
const REQUESTS = 40;
const UPSTREAMS = 3;

type Text = { readonly exact?: string; readonly prefix?: string; readonly regex?: string };
interface Match {
  readonly uri?: Text | undefined;
  readonly method?: Text | undefined;
  readonly headers?: Readonly<Record<string, Text>> | undefined;
  readonly queryParams?: Readonly<Record<string, Text>> | undefined;
  readonly ignoreUriCase?: boolean | undefined;
}
interface Rule {
  readonly match?: readonly Match[] | undefined;
  readonly route?: readonly {
    readonly destination: { readonly host: string; readonly port: { readonly number: number } };
    readonly weight?: number;
  }[];
  readonly redirect?: { readonly uri: string; readonly redirectCode: number | undefined };
  readonly directResponse?: { readonly status: number };
  readonly rewrite?: { readonly uri: string | undefined; readonly authority: string } | undefined;
  readonly headers?: { readonly request: { readonly set: Readonly<Record<string, string>> } } | undefined;
}
interface Document {
  readonly hosts: readonly string[];
  readonly http: readonly Rule[];
}
interface Request {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}
/** What an upstream saw. */
interface Seen {
  readonly upstream: number;
  readonly url: string;
  readonly host: string;
  readonly x: string | null;
}

const PATHS = ['/', '/pay', '/pay/1', '/Pay', '/list', '/list/a'] as const;
const HOSTS = ['shop.example', 'Shop.Example', 'a.api.example', 'b.a.api.example', 'other.example'] as const;

const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const word = (...words: readonly string[]): fc.Arbitrary<Text> =>
  fc.oneof(
    fc.record({ exact: fc.constantFrom(...words) }),
    fc.record({ prefix: fc.constantFrom(...words) }),
    fc.record({ regex: fc.constantFrom(...words.map((one) => `${one.slice(0, 2)}.*`), '.+') }),
  );
const match: fc.Arbitrary<Match> = fc.record(
  {
    uri: word(...PATHS),
    method: word('GET', 'POST'),
    headers: fc.dictionary(fc.constantFrom('x', 'X-Env'), fc.oneof(word('gray', 'blue'), fc.constant({})), {
      maxKeys: 2,
    }),
    queryParams: fc.dictionary(fc.constantFrom('q', 'r'), word('1', '12'), { minKeys: 1, maxKeys: 1 }),
    ignoreUriCase: fc.constant(true),
  },
  { requiredKeys: [] },
);
const rule = (ports: readonly number[]): fc.Arbitrary<Rule> => {
  const target = fc.constantFrom(...ports).map((number) => ({ destination: { host: '127.0.0.1', port: { number } } }));
  const route = fc.oneof(
    target.map((one) => [one]),
    fc.tuple(target, target, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 3 })).map(([a, b, x, y]) => [
      { ...a, weight: x },
      { ...b, weight: y },
    ]),
  );
  const matches = some(fc.array(match, { maxLength: 2 }));
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        match: matches,
        route,
        rewrite: some(fc.record({ uri: some(fc.constantFrom('/', '/new')), authority: fc.constant('inner.example') })),
        headers: some(fc.constant({ request: { set: { x: 'set' } } })),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        match: matches,
        redirect: fc.record({
          uri: fc.constantFrom('/elsewhere'),
          redirectCode: some(fc.constantFrom(301, 302, 307, 308)),
        }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        match: matches,
        directResponse: fc.record({ status: fc.constantFrom(200, 204, 418, 503) }),
      }),
    },
  );
};
const documents = (ports: readonly number[]): fc.Arbitrary<readonly Document[]> => {
  const document = (hosts: fc.Arbitrary<readonly string[]>) =>
    fc.record({ hosts, http: fc.array(rule(ports), { minLength: 1, maxLength: 4 }) });
  return fc
    .tuple(
      document(fc.constantFrom(['shop.example'], ['SHOP.example', 'other.example'])),
      some(document(fc.constantFrom(['*.api.example'], ['*.a.api.example'], ['a.api.example']))),
      some(document(fc.constant(['*']))),
    )
    .map((all) => all.filter((one) => one !== undefined));
};
const request = (ports: readonly number[]): fc.Arbitrary<Request> =>
  fc.record({
    port: fc.constantFrom(...ports),
    host: fc.constantFrom(...HOSTS),
    path: fc.constantFrom(...PATHS),
    query: fc.constantFrom('', '?q=1', '?q=12&r=1', '?r=1'),
    method: fc.constantFrom('GET', 'POST'),
    headers: fc.dictionary(fc.constantFrom('x', 'x-env'), fc.constantFrom('gray', 'blue', 'grayer'), { maxKeys: 2 }),
  });

function fits(text: Text, value: string, foldsCase = false): boolean {
  const [wanted, given] = foldsCase
    ? [text.exact ?? text.prefix, value].map((one) => one?.toLowerCase())
    : [text.exact ?? text.prefix, value];
  if (text.regex !== undefined) return new RegExp(`^(?:${text.regex})$`).test(value);
  return text.exact === undefined ? (given ?? '').startsWith(wanted ?? '') : given === wanted;
}

function matches(one: Match, { path, query, method, headers }: Request): boolean {
  const params = new URLSearchParams(query);
  return (
    (one.uri === undefined || fits(one.uri, path, one.ignoreUriCase)) &&
    (one.method === undefined || fits(one.method, method)) &&
    Object.entries(one.headers ?? {}).every(([name, text]) => {
      const value = headers[name.toLowerCase()];
      return value !== undefined && (Object.keys(text).length === 0 || fits(text, value));
    }) &&
    Object.entries(one.queryParams ?? {}).every(([name, text]) => fits(text, params.get(name) ?? ''))
  );
}

/** The document of a host: the exact name, then the longest wildcard, then "*". */
function documentOf(all: readonly Document[], host: string): Document | undefined {
  const name = host.toLowerCase();
  const rank = ({ hosts }: Document) =>
    Math.max(
      ...hosts
        .map((one) => one.toLowerCase())
        .map((one) => {
          if (one === name) return 1000;
          if (one.startsWith('*.') && name.endsWith(one.slice(1))) return one.length;
          return one === '*' ? 1 : -1;
        }),
    );
  return all.filter((one) => rank(one) > 0).sort((a, b) => rank(b) - rank(a))[0];
}

async function ask({ port, host, path, query, method, headers }: Request) {
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const sent = httpRequest(
      { host: '127.0.0.1', port, path: path + query, method, headers: { ...headers, host }, agent: false },
      resolve,
    );
    sent.on('error', reject).end();
  });
  const status = answer.statusCode ?? 0;
  const isSeen = answer.headers['content-type'] === 'application/json';
  const body = isSeen ? ((await json(answer)) as Seen) : answer.resume();
  return { status, location: answer.headers.location ?? null, seen: isSeen ? (body as Seen) : null };
}

/** What the documents say of a request, and whether the answer is that. */
function judge(all: readonly Document[], sent: Request, answer: Awaited<ReturnType<typeof ask>>): string | null {
  const rules = documentOf(all, sent.host)?.http ?? [];
  const of = (one: Rule) => (one.match === undefined || one.match.length === 0 ? [{}] : one.match);
  const found = rules
    .flatMap((one) => of(one).map((alternative) => [one, alternative] as const))
    .find(([, one]) => matches(one, sent));
  if (found === undefined) return answer.status === 404 && answer.seen === null ? null : 'nothing takes it: 404';
  const [taken, alternative] = found;
  if (taken.directResponse !== undefined)
    return answer.status === taken.directResponse.status && answer.seen === null ? null : 'a direct response';
  if (taken.redirect !== undefined) {
    const wanted = `http://${sent.host}/elsewhere${sent.query}`;
    const isRight = answer.status === (taken.redirect.redirectCode ?? 301) && answer.location === wanted;
    return isRight ? null : `a redirect to ${wanted}`;
  }
  const { seen } = answer;
  const targets = (taken.route ?? [])
    .filter(({ weight }) => weight !== 0)
    .map(({ destination }) => destination.port.number);
  if (seen === null || !targets.includes(seen.upstream)) return `one of ${targets.join(', ')}`;
  const { uri, authority } = taken.rewrite ?? {};
  const prefix = alternative.uri?.prefix;
  const path = uri === undefined ? sent.path : prefix === undefined ? uri : uri + sent.path.slice(prefix.length);
  if (seen.url !== path + sent.query) return `the path ${path}${sent.query}`;
  if (seen.host !== (authority ?? sent.host)) return `the host ${authority ?? sent.host}`;
  const x = taken.headers?.request.set.x ?? sent.headers.x ?? null;
  return seen.x === x ? null : `the header x: ${x}`;
}

async function upstreams(t: TestContext): Promise<readonly number[]> {
  return Promise.all(
    Array.from({ length: UPSTREAMS }, async () => {
      const server = createServer(({ url = '', headers }, response) => {
        const seen: Seen = {
          upstream: port,
          url,
          host: headers.host ?? '',
          x: (headers.x as string | undefined) ?? null,
        };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(seen));
      });
      const port = await listening(t, server);
      return port;
    }),
  );
}

test('generated routes take each request where the documents say', { timeout: 180_000 }, async (t) => {
  const seed = Number(process.env.WEIR_TEST_SEED ?? 20_261_130);
  t.diagnostic(`WEIR_TEST_SEED=${seed}`);
  const ports = await upstreams(t);
  const wrong: unknown[] = [];
  const counts = new Map<string, number>();
  for (const [index, all] of fc.sample(documents(ports), { numRuns: GATEWAYS, seed }).entries()) {
    const [web = 0, named = 0] = await freePorts(2);
    const listeners = [
      { name: 'web', port: web },
      { name: 'named', port: named, hosts: ['shop.example', '*.api.example'] },
    ];
    const object = {
      apiVersion: 'weir.dev/v1',
      kind: 'Gateway',
      metadata: { name: 'edge' },
      spec: { listeners, routes: ['r'] },
    };
    const parsed = parseObjects(JSON.stringify(object), 'gateway.yaml');
    assert.ok('objects' in parsed && parsed.objects[0] !== undefined, JSON.stringify(parsed));
    const text = all
      .map(({ hosts, http }, at) =>
        JSON.stringify({ kind: 'VirtualService', metadata: { name: `v${at}` }, spec: { hosts, http } }),
      )
      .join('\n---\n');
    const files = await renderGateway(parsed.objects[0], GATEWAY_POD, async () => text);
    const end = await runGateway(t, files['bootstrap.json'] ?? '', web);
    for (const sent of fc.sample(request([web, named]), { numRuns: REQUESTS, seed: seed + index })) {
      const isServed = sent.port === web || /^(shop|.*\.api)\.example$/i.test(sent.host);
      const answer = await ask(sent);
      const found = judge(isServed ? all : [], sent, answer);
      const kind = answer.seen === null ? String(answer.status) : 'upstream';
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (found !== null) wrong.push({ all, sent, answer, found });
    }
    await end();
  }
  t.diagnostic(JSON.stringify(Object.fromEntries(counts)));
  assert.deepEqual(
    wrong.slice(0, 3).map((one) => JSON.stringify(one)),
    [],
  );
  assert.ok((counts.get('upstream') ?? 0) > (GATEWAYS * REQUESTS) / 10, 'most requests must reach an upstream');
});
