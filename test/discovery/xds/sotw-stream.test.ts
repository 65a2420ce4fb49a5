/** State-of-the-world ADS: what an Envoy has after any changes, refusals and reconnects. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { protoFields, textOf } from '../../../src/discovery/xds/proto-reader.ts';
import { ProtoWriter } from '../../../src/discovery/xds/proto-writer.ts';
import { ResourceStore } from '../../../src/discovery/xds/resource-store.ts';
import { TYPE, type TypeUrl } from '../../../src/discovery/xds/resource-types.ts';
import { readSotwRequest, type SotwRequest } from '../../../src/discovery/xds/sotw-messages.ts';
import { SotwStream } from '../../../src/discovery/xds/sotw-stream.ts';
import { GATE_SEED } from '../../seed.ts';

const BAD = 'bad';

/** What an Envoy does on one stream: clusters and listeners are whole states, members are asked for by name. */
class SotwEnvoy {
  readonly has = new Map<TypeUrl, Map<string, string>>([
    [TYPE.cluster, new Map()],
    [TYPE.assignment, new Map()],
  ]);
  readonly errors: string[] = [];
  readonly #stream: SotwStream;
  #names: readonly string[] = [];
  #members = { version: '', nonce: '' };
  responses = 0;

  constructor(stream: SotwStream) {
    this.#stream = stream;
  }

  connect(): void {
    this.#ask({ node: { id: 'n', cluster: 'main' }, typeUrl: TYPE.cluster, names: [], nonce: '', error: null });
  }

  hear(responses: readonly Buffer[]): void {
    for (const bytes of responses) this.#take(bytes);
  }

  #ask(request: SotwRequest): void {
    this.hear(this.#stream.receive(request).responses);
  }

  #take(bytes: Buffer): void {
    this.responses += 1;
    const typeUrl = textOf(bytes, 4) as TypeUrl;
    const nonce = textOf(bytes, 5);
    const contents = [...protoFields(bytes)].filter(({ id }) => id === 2).map((any) => textOf(any.bytes, 2));
    const bad = contents.filter((content) => content.includes(BAD));
    const kept = this.has.get(typeUrl) ?? new Map<string, string>();
    const good = contents
      .filter((content) => !content.includes(BAD))
      .map((content) => [nameOf(content), content] as const);
    // A cluster that is refused keeps the version before it; one that is not named goes.
    if (typeUrl === TYPE.cluster) {
      const refused = new Set(bad.map(nameOf));
      for (const name of kept.keys()) if (!refused.has(name)) kept.delete(name);
    }
    for (const [name, content] of good) kept.set(name, content);
    const error = bad.length === 0 ? null : `refused: ${bad.map(nameOf).join()}`;
    if (error !== null) this.errors.push(error);
    if (typeUrl === TYPE.assignment) this.#members = { version: textOf(bytes, 1), nonce };
    this.#ask({ node: null, typeUrl, names: typeUrl === TYPE.assignment ? this.#names : [], nonce, error });
    const wanted = [...(this.has.get(TYPE.cluster)?.keys() ?? [])].toSorted();
    if (typeUrl !== TYPE.cluster || wanted.join() === this.#names.join()) return;
    this.#names = wanted;
    this.#ask({ node: null, typeUrl: TYPE.assignment, names: wanted, nonce: this.#members.nonce, error: null });
  }
}

const nameOf = (content: string) => content.split(' ')[0] ?? '';

/** A resource whose bytes say its name and a text. */
function put(store: ResourceStore, type: TypeUrl, name: string, text: string): boolean {
  return store.set(type, name, Buffer.from(`${name} ${text}`));
}

const changed = (type: TypeUrl, ...names: string[]) => new Map([[type, new Set(names)]]);

describe('a stream of state-of-the-world ADS', () => {
  it('answers nothing before the first complete state, and then all', () => {
    const store = new ResourceStore();
    const stream = new SotwStream(store, false);
    const envoy = new SotwEnvoy(stream);
    envoy.connect();
    put(store, TYPE.cluster, 'a', '1');
    put(store, TYPE.assignment, 'a', '1');
    envoy.hear(stream.publish(changed(TYPE.cluster, 'a')).responses);
    assert.equal(envoy.responses, 0);
    envoy.hear(stream.open().responses);
    assert.deepEqual([...(envoy.has.get(TYPE.assignment) ?? [])], [['a', 'a 1']]);
    assert.equal(stream.isSettled, true);
  });

  it('sends the members that changed and no others', () => {
    const store = new ResourceStore();
    for (const name of ['a', 'b']) for (const type of [TYPE.cluster, TYPE.assignment]) put(store, type, name, '1');
    const stream = new SotwStream(store, true);
    const envoy = new SotwEnvoy(stream);
    envoy.connect();
    put(store, TYPE.assignment, 'b', '2');
    const { responses } = stream.publish(changed(TYPE.assignment, 'b'));
    const sent = responses.flatMap((bytes) => [...protoFields(bytes)].filter(({ id }) => id === 2));
    assert.deepEqual(
      sent.map((any) => textOf(any.bytes, 2)),
      ['b 2'],
    );
  });

  it('leaves a cluster out that an Envoy refuses, or keeps the version before, and the others come', () => {
    const store = new ResourceStore();
    for (const name of ['a', 'b']) put(store, TYPE.cluster, name, '1');
    const stream = new SotwStream(store, true);
    const envoy = new SotwEnvoy(stream);
    envoy.connect();
    put(store, TYPE.cluster, 'a', BAD);
    put(store, TYPE.cluster, 'b', '2');
    put(store, TYPE.cluster, 'c', BAD);
    envoy.hear(stream.publish(changed(TYPE.cluster, 'a', 'b', 'c')).responses);
    assert.deepEqual([...(envoy.has.get(TYPE.cluster) ?? [])].toSorted(), [
      ['a', 'a 1'],
      ['b', 'b 2'],
    ]);
    assert.deepEqual(stream.rejected.map(({ name }) => name).toSorted(), ['a', 'c']);
    const before = envoy.responses;
    envoy.hear(stream.publish(changed(TYPE.cluster, 'a')).responses);
    assert.equal(envoy.responses, before);
  });

  it('ends at a type that is not published', () => {
    const stream = new SotwStream(new ResourceStore(), true);
    assert.throws(() => stream.receive({ node: null, typeUrl: 'x', names: [], nonce: '', error: null }), RangeError);
  });

  it('has what is published, whatever was changed, refused and taken away before', () => {
    const names = ['a', 'b', 'c'];
    const step = fc.tuple(fc.constantFrom(...names), fc.constantFrom('1', '2', BAD, null));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const store = new ResourceStore();
        const stream = new SotwStream(store, true);
        const envoy = new SotwEnvoy(stream);
        envoy.connect();
        for (const [name, text] of steps) {
          const names = new Set([name]);
          if (text === null) for (const type of [TYPE.cluster, TYPE.assignment]) store.delete(type, name);
          else for (const type of [TYPE.cluster, TYPE.assignment]) put(store, type, name, text);
          envoy.hear(
            stream.publish(
              new Map([
                [TYPE.cluster, names],
                [TYPE.assignment, names],
              ]),
            ).responses,
          );
        }
        const clusters = envoy.has.get(TYPE.cluster) ?? new Map<string, string>();
        for (const name of names) {
          const published = store.get(TYPE.cluster, name)?.bytes.toString();
          if (published === undefined) assert.equal(clusters.has(name), false, name);
          else if (!published.includes(BAD)) assert.equal(clusters.get(name), published);
          if (published === undefined || published.includes(BAD) || !clusters.has(name)) continue;
          assert.equal(envoy.has.get(TYPE.assignment)?.get(name), published);
        }
        assert.equal(stream.isSettled, true);
      }),
      { seed: GATE_SEED, numRuns: 300 },
    );
  });
});

describe('a request', () => {
  it('is read as an Envoy writes it', () => {
    const bytes = new ProtoWriter()
      .string(1, 'v')
      .message(2, () => undefined)
      .string(3, 'a')
      .string(3, 'b')
      .string(4, 't')
      .string(5, '7')
      .message(6, () => undefined)
      .bytes();
    assert.deepEqual(readSotwRequest(bytes), {
      node: { id: '', cluster: '' },
      ...{ typeUrl: 't', names: ['a', 'b'], nonce: '7', error: 'no reason given' },
    });
  });
});
