/** One stream of delta ADS against an Envoy in memory, through any order of changes, answers, refusals and reconnects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeltaStream } from '../../../src/discovery/xds/delta-stream.ts';
import { ResourceStore } from '../../../src/discovery/xds/resource-store.ts';
import { TYPE, TYPE_ORDER, type TypeUrl } from '../../../src/discovery/xds/resource-types.ts';
import { EnvoyDouble, readResponse, request } from './envoy-double.ts';

const NAMES = ['a', 'b', 'c'] as const;

/** A store with a stream on it and an Envoy at its end. */
class Stage {
  readonly store = new ResourceStore();
  stream = new DeltaStream(this.store, true);
  envoy: EnvoyDouble;

  constructor(refuses?: (type: TypeUrl, name: string, content: string) => boolean) {
    this.envoy = new EnvoyDouble((asked) => this.stream.receive(asked).responses, refuses);
  }

  put(type: TypeUrl, name: string, content: string): void {
    if (this.store.set(type, name, Buffer.from(content))) this.#publish(type, name);
  }

  delete(type: TypeUrl, name: string): void {
    if (this.store.delete(type, name)) this.#publish(type, name);
  }

  reconnect(): void {
    this.stream = new DeltaStream(this.store, true);
    this.envoy.connect();
  }

  #publish(type: TypeUrl, name: string): void {
    this.envoy.hear(this.stream.publish(new Map([[type, new Set([name])]])).responses);
  }
}

/** A cluster and its members always come and go together, as the builder makes them. */
function putCluster(stage: Stage, name: string, content: string, members: string): void {
  stage.put(TYPE.cluster, name, content);
  stage.put(TYPE.assignment, name, members);
}

function published(store: ResourceStore, type: TypeUrl): Record<string, string> {
  return Object.fromEntries(
    [...store.names(type)].toSorted().map((name) => [name, store.get(type, name)?.bytes.toString('latin1') ?? '']),
  );
}

function held(envoy: EnvoyDouble, type: TypeUrl): Record<string, string> {
  return Object.fromEntries([...(envoy.has.get(type) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const action = fc.oneof(
  fc.record({
    do: fc.constant('cluster' as const),
    name: fc.constantFrom(...NAMES),
    content: fc.constantFrom('1', '2'),
  }),
  fc.record({
    do: fc.constant('members' as const),
    name: fc.constantFrom(...NAMES),
    content: fc.constantFrom('x', 'y', 'z'),
  }),
  fc.record({ do: fc.constant('remove' as const), name: fc.constantFrom(...NAMES) }),
  fc.record({ do: fc.constantFrom('listener' as const, 'routes' as const), content: fc.constantFrom('x', 'y', 'z') }),
  fc.record({ do: fc.constant('answer' as const) }),
  fc.record({ do: fc.constant('reconnect' as const) }),
);

test('whatever happens, an Envoy that answers ends with exactly what is published, and a quiet agent sends nothing', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const stage = new Stage();
      stage.put(TYPE.listener, 'outbound', 'l0');
      stage.put(TYPE.routes, 'dubbo', 'r0');
      stage.envoy.connect();
      for (const step of actions) {
        if (step.do === 'cluster') putCluster(stage, step.name, step.content, 'm0');
        else if (step.do === 'members') {
          if (stage.store.get(TYPE.cluster, step.name) !== null) stage.put(TYPE.assignment, step.name, step.content);
        } else if (step.do === 'remove') {
          stage.delete(TYPE.cluster, step.name);
          stage.delete(TYPE.assignment, step.name);
        } else if (step.do === 'listener') stage.put(TYPE.listener, 'outbound', step.content);
        else if (step.do === 'routes') stage.put(TYPE.routes, 'dubbo', step.content);
        else if (step.do === 'answer') stage.envoy.answerOne();
        else stage.reconnect();
      }
      stage.envoy.settle();
      for (const type of TYPE_ORDER) assert.deepEqual(held(stage.envoy, type), published(stage.store, type));
      assert.ok(stage.stream.isSettled);
      const { bytes } = stage.envoy;
      stage.reconnect();
      stage.envoy.settle();
      // Clusters and listeners are answered with nothing in it: Envoy waits for that.
      assert.ok(stage.envoy.bytes - bytes < 400, `${stage.envoy.bytes - bytes} bytes for no change`);
    }),
  );
});

test('at most one response of a type is unanswered, however much changes', () => {
  const stage = new Stage();
  putCluster(stage, 'a', '1', 'm0');
  stage.envoy.connect();
  stage.envoy.settle();
  let responses = 0;
  for (let turn = 0; turn < 100; turn += 1) {
    stage.store.set(TYPE.assignment, 'a', Buffer.from(`m${turn}`));
    responses += stage.stream.publish(new Map([[TYPE.assignment, new Set(['a'])]])).responses.length;
  }
  assert.equal(responses, 1);
});

test('routes and listeners wait until new clusters are taken with their members', () => {
  const stage = new Stage();
  stage.put(TYPE.listener, 'outbound', 'l0');
  stage.put(TYPE.routes, 'dubbo', 'r0');
  stage.envoy.connect();
  stage.envoy.settle();
  const order: string[] = [];
  const note = (responses: readonly Buffer[]) => {
    for (const bytes of responses) {
      const { type, resources } = readResponse(bytes);
      order.push(...resources.map(({ name }) => `${type.split('.').at(-1)} ${name}`));
    }
    return responses;
  };
  stage.store.set(TYPE.cluster, 'a', Buffer.from('1'));
  stage.store.set(TYPE.assignment, 'a', Buffer.from('m'));
  stage.store.set(TYPE.routes, 'dubbo', Buffer.from('to a'));
  const changes = new Map([
    [TYPE.routes, new Set(['dubbo'])],
    [TYPE.cluster, new Set(['a'])],
    [TYPE.assignment, new Set(['a'])],
  ] as const);
  const [sent] = note(stage.stream.publish(changes).responses);
  assert.ok(sent);
  note(stage.stream.receive(request(TYPE.cluster, { nonce: readResponse(sent).nonce })).responses);
  const [members] = note(stage.stream.receive(request(TYPE.assignment, { subscribe: ['a'] })).responses);
  assert.ok(members);
  note(stage.stream.receive(request(TYPE.assignment, { nonce: readResponse(members).nonce })).responses);
  assert.deepEqual(order, ['Cluster a', 'ClusterLoadAssignment a', 'RouteConfiguration dubbo']);
});

test('a listener goes out with newer members of a cluster that Envoy has; behind members that it refused it waits', () => {
  const stage = new Stage();
  putCluster(stage, 'a', '1', 'm');
  stage.put(TYPE.listener, 'outbound', 'l0');
  stage.envoy.connect();
  stage.envoy.settle();
  const publish = (names: readonly string[], listener: string) => {
    for (const name of names) stage.store.set(TYPE.assignment, name, Buffer.from(`m and ${listener}`));
    stage.store.set(TYPE.listener, 'outbound', Buffer.from(listener));
    const changes = new Map<TypeUrl, Set<string>>([
      [TYPE.assignment, new Set(names)],
      [TYPE.listener, new Set(['outbound'])],
    ]);
    return stage.stream.publish(changes).responses.map((bytes) => readResponse(bytes));
  };
  const together = publish(['a'], 'l1');
  assert.deepEqual(
    together.map(({ type }) => type),
    [TYPE.assignment, TYPE.listener],
  );
  const answer = (nonce: string, more: object = {}) =>
    stage.stream.receive(request(TYPE.assignment, { nonce, ...more }));
  for (const { type, nonce } of together) stage.stream.receive(request(type, { nonce }));
  // After a refusal it is not known which members are there until the former ones are taken.
  const [refused, ahead] = publish(['a'], 'l2');
  assert.equal(ahead?.type, TYPE.listener);
  const [former] = answer(refused?.nonce ?? '', { error: 'no' }).responses.map((bytes) => readResponse(bytes));
  stage.stream.receive(request(TYPE.listener, { nonce: ahead?.nonce ?? '' }));
  assert.deepEqual(publish([], 'l3'), []);
  const behind = answer(former?.nonce ?? '').responses.map((bytes) => readResponse(bytes).type);
  assert.deepEqual(behind, [TYPE.listener]);
});

test('a changed cluster brings its members again', () => {
  const stage = new Stage();
  putCluster(stage, 'a', '1', 'm');
  stage.envoy.connect();
  stage.envoy.settle();
  stage.store.set(TYPE.cluster, 'a', Buffer.from('2'));
  const { responses } = stage.stream.publish(new Map([[TYPE.cluster, new Set(['a'])]]));
  assert.deepEqual(
    responses.map((bytes) => readResponse(bytes).type),
    [TYPE.cluster, TYPE.assignment],
  );
});

test('one bad resource is refused alone; its last good version stays, a new Envoy gets that, and a better one is taken', () => {
  const stage = new Stage((_type, _name, content) => content.includes('bad'));
  for (const name of NAMES) putCluster(stage, name, 'good', `m-${name}`);
  stage.envoy.connect();
  stage.envoy.settle();
  for (const name of NAMES) stage.store.set(TYPE.assignment, name, Buffer.from(name === 'b' ? 'bad' : `new-${name}`));
  stage.envoy.hear(stage.stream.publish(new Map([[TYPE.assignment, new Set(NAMES)]])).responses);
  stage.envoy.settle();
  assert.deepEqual(held(stage.envoy, TYPE.assignment), { a: 'new-a', b: 'm-b', c: 'new-c' });
  assert.deepEqual(
    stage.stream.rejected.map(({ type, name, error }) => [type, name, error]),
    [['ClusterLoadAssignment', 'b', 'bad: b']],
  );
  const { bytes } = stage.envoy;
  stage.envoy.hear(stage.stream.publish(new Map([[TYPE.assignment, new Set(NAMES)]])).responses);
  assert.equal(stage.envoy.bytes, bytes, 'a refused version is not sent again');

  const fresh = new Stage((_type, _name, content) => content.includes('bad'));
  const second = new DeltaStream(stage.store, true);
  const other = new EnvoyDouble(
    (asked) => second.receive(asked).responses,
    (_type, _name, content) => content === 'bad',
  );
  other.connect();
  other.settle();
  assert.deepEqual(held(other, TYPE.assignment), { a: 'new-a', b: 'm-b', c: 'new-c' });
  assert.deepEqual(held(fresh.envoy, TYPE.assignment), {});

  stage.put(TYPE.assignment, 'b', 'better');
  stage.envoy.settle();
  assert.equal(held(stage.envoy, TYPE.assignment).b, 'better');
  assert.deepEqual(stage.stream.rejected, []);
});

test('an Envoy that refuses everything is named, and ends in silence', () => {
  const stage = new Stage(() => true);
  for (const name of NAMES) putCluster(stage, name, '1', 'm');
  stage.put(TYPE.listener, 'outbound', 'l');
  stage.put(TYPE.routes, 'dubbo', 'r');
  stage.envoy.connect();
  stage.envoy.settle();
  assert.deepEqual(stage.stream.rejected.map(({ name }) => name).toSorted(), ['a', 'b', 'c', 'dubbo', 'outbound']);
  assert.equal(stage.stream.acked, 0);
});

test('nothing is answered before the first complete state, and then all that was asked', () => {
  const store = new ResourceStore();
  const stream = new DeltaStream(store, false);
  assert.deepEqual(stream.receive(request(TYPE.cluster)).responses, []);
  store.set(TYPE.cluster, 'a', Buffer.from('1'));
  assert.deepEqual(stream.publish(new Map([[TYPE.cluster, new Set(['a'])]])).responses, []);
  const [response] = stream.open().responses;
  assert.deepEqual(response === undefined ? [] : readResponse(response).resources.map(({ name }) => name), ['a']);
});

test('a name that nobody has is told to be gone, so that Envoy does not wait for it', () => {
  const stream = new DeltaStream(new ResourceStore(), true);
  stream.receive(request(TYPE.cluster));
  const [response] = stream.receive(request(TYPE.assignment, { subscribe: ['former'] })).responses;
  assert.deepEqual(response === undefined ? [] : readResponse(response).removed, ['former']);
});

test('a type that is not published ends the stream', () => {
  const stream = new DeltaStream(new ResourceStore(), true);
  const bad = { ...request(TYPE.cluster), typeUrl: 'type.googleapis.com/envoy.Secret' };
  assert.throws(() => stream.receive(bad), RangeError);
});
