/** Who of the members of an etcd is asked, and again, and what it means when none of them answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askMembers, MemberFailure } from '../../../src/fleet/adapters/etcd/ask-members.ts';
import { StoreFailure } from '../../../src/fleet/ports.ts';

const endpoints = ['a', 'b', 'c'];
const down = (name: string) => new MemberFailure(`${name} is down`, 'down', 'not-sent');
const leaderless = (name: string) => new MemberFailure(`${name} has no leader`, 'leaderless', 'unknown');
const never = () => new Promise<never>(() => {});
const lives = async () => true;

test('while its members look for a leader a cluster is asked for longer than one request may take', async () => {
  const began = performance.now();
  const asked: number[] = [];
  const send = async (index: number) => {
    asked.push(index);
    if (index === 0) throw down('a');
    if (performance.now() - began < 900) throw leaderless(endpoints[index] ?? '');
    return 'x';
  };
  const { answer, index } = await askMembers({ endpoints, first: 0, timeoutMs: 100, lives }, send);
  assert.equal(answer, 'x');
  assert.ok(index > 0 && asked.length > 3, asked.join());
});

test('what a member swallows is said again, to it and to others; without a majority that lives it ends by its time', async () => {
  let sent = 0;
  const send = async () => (++sent > 3 ? 'x' : await never());
  assert.equal((await askMembers({ endpoints, first: 1, timeoutMs: 20_000, lives }, send)).answer, 'x');
  const alone = askMembers(
    { endpoints, first: 0, timeoutMs: 1_500, lives: async (index) => index === 2 },
    async (index) => (index === 2 ? await never() : await Promise.reject(down(endpoints[index] ?? ''))),
  );
  await assert.rejects(alone, (error) => {
    assert.ok(error instanceof StoreFailure);
    assert.equal(error.message, 'a is down; b is down; c did not answer within 1500 ms');
    return error.fate === 'unknown';
  });
});

test('half of an even number of members is no majority: an election is not waited for', async () => {
  const four = [...endpoints, 'd'];
  const send = async (index: number) => {
    throw index < 2 ? down(four[index] ?? '') : leaderless(four[index] ?? '');
  };
  const alone = askMembers({ endpoints: four, first: 0, timeoutMs: 200, lives: async (index) => index >= 2 }, send);
  const ended = alone.then(
    () => 'answered',
    ({ message }: Error) => message,
  );
  // An election is waited for 5 s.
  const late = new AbortController();
  const first = await Promise.race([ended, sleep(4_000, 'still asking', { signal: late.signal }).catch(() => '')]);
  late.abort();
  assert.equal(first, 'a is down; b is down; c has no leader; d has no leader');
});

test('all of them down, and a refusal, are told without waiting', async () => {
  const at = { endpoints, first: 2, timeoutMs: 3_600_000, lives };
  await assert.rejects(
    askMembers(at, async (index) => await Promise.reject(down(endpoints[index] ?? ''))),
    (error) =>
      error instanceof StoreFailure && error.fate === 'not-sent' && /^a is down; b .*; c is down$/.test(error.message),
  );
  const refused = new StoreFailure('permission denied', 'refused');
  await assert.rejects(
    askMembers(at, async (index) => (index === 2 ? await Promise.reject(refused) : await never())),
    refused,
  );
});

test('that nothing was sent the last time does not make up for the time before', async () => {
  let turn = 0;
  const send = async () => {
    turn += 1;
    throw turn === 1 ? new MemberFailure('it broke off', 'other', 'unknown') : down('a');
  };
  await assert.rejects(
    askMembers({ endpoints: ['a'], first: 0, timeoutMs: 20_000, lives }, send),
    (error) => error instanceof StoreFailure && error.fate === 'unknown',
  );
});

test('a member that never spoke is told of once another one has answered, one that refused to is not', async () => {
  for (const [first, isTold] of [
    [new MemberFailure('a is silent', 'silent', 'unknown'), true],
    [leaderless('a'), false],
  ] as const) {
    const told: number[] = [];
    const late = Promise.withResolvers<never>();
    const onSilent = (index: number) => told.push(index);
    const send = async (index: number) => (index === 0 ? await late.promise : 'x');
    assert.equal((await askMembers({ endpoints, first: 0, timeoutMs: 1_000, lives, onSilent }, send)).index, 1);
    late.reject(first);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(told, isTold ? [0] : []);
  }
});
