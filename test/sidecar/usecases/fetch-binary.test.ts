/** Fetching a binary into the versions store, and naming it by its version afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchedBinary } from '../../../src/sidecar/records/binary-record.ts';
import { fetchBinary, requireFetched } from '../../../src/sidecar/usecases/fetch-binary.ts';
import { FakeSidecarPorts } from './fake-ports.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)] as const;

function binary(sha256: string, version = '1.40.0'): FetchedBinary {
  const from = '/tmp/envoy';
  return {
    sha256,
    version,
    hotRestartVersion: '11.104',
    bytes: 9,
    capabilities: '',
    at: '2026-01-01T00:00:00.000Z',
    from,
  };
}

function fetch(fake: FakeSidecarPorts, change: { sha256?: string; dryRun?: boolean } = {}) {
  const warnings: string[] = [];
  const flags = { from: '/tmp/envoy', sha256: null, dryRun: false, ...change };
  return { warnings, result: fetchBinary(fake.ports, 'main', flags, (text) => void warnings.push(text)) };
}

test('a binary is stored once, and known the next time; a damaged one is replaced', async () => {
  const fake = new FakeSidecarPorts(null);
  fake.found = binary(A);
  assert.equal((await fetch(fake).result).outcome, 'stored');
  assert.equal((await fetch(fake).result).outcome, 'known');
  fake.isDamaged = true;
  const again = fetch(fake);
  assert.equal((await again.result).outcome, 'stored');
  assert.match(again.warnings.join(), /damaged/);
});

test('a dry run stores nothing', async () => {
  const fake = new FakeSidecarPorts(null);
  fake.found = binary(A);
  assert.equal((await fetch(fake, { dryRun: true }).result).outcome, 'dry-run');
  assert.deepEqual(fake.stored, []);
});

test('what cannot be fetched is refused with the reason', async () => {
  const fake = new FakeSidecarPorts(null);
  await assert.rejects(fetch(fake).result, { code: 'WEIR4003', exit: 3, why: 'it is no ELF program' });
  fake.found = Object.assign(new Error('no room'), { code: 'ENOSPC' });
  await assert.rejects(fetch(fake).result, { code: 'WEIR4003', hint: /make room/ });
});

test('another SHA-256 than the one of the flag, or than the published one, is refused', async () => {
  const fake = new FakeSidecarPorts(null);
  fake.found = binary(A);
  await assert.rejects(fetch(fake, { sha256: B }).result, {
    code: 'WEIR4003',
    why: new RegExp(`is ${A}, and --sha256 has ${B}`),
  });
  fake.published = { sha256: B, in: '/tmp/envoy.sha256' };
  await assert.rejects(fetch(fake, { sha256: A }).result, { code: 'WEIR4003', why: /envoy\.sha256/ });
  fake.published = { sha256: A, in: '/tmp/envoy.sha256' };
  assert.equal((await fetch(fake, { sha256: A }).result).outcome, 'stored');
});

test('that nobody could compare file capabilities is said', async () => {
  const fake = new FakeSidecarPorts(null);
  fake.found = { ...binary(A), capabilities: null };
  const { warnings, result } = fetch(fake);
  await result;
  assert.match(warnings.join(), /getcap/);
});

test('a fetched binary is found by its version or the beginning of its hash, and only if that means one', async () => {
  const fake = new FakeSidecarPorts(null);
  const find = (wanted: string) => requireFetched(fake.ports, 'main', wanted);
  await assert.rejects(find('1.40.0'), { code: 'WEIR4003', exit: 2, why: /no fetched binary/ });
  fake.found = binary(A);
  await fetch(fake).result;
  assert.equal(await find('1.40.0'), fake.stored[0]?.path);
  await assert.rejects(find('1.40'), { code: 'WEIR4003', why: /has 1\.40\.0 \(aaaaaaaaaaaa\)/ });
  fake.found = binary(B);
  await fetch(fake).result;
  await assert.rejects(find('1.40.0'), { code: 'WEIR4003', why: /more than one/ });
  assert.equal(await find('bbbbbbbb'), fake.stored[1]?.path);
  await assert.rejects(find('bbbb'), { code: 'WEIR4003' });
});
