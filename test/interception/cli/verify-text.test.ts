/** The text of `weir verify`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Paint } from '../../../src/cli/paint.ts';
import { verifyText } from '../../../src/interception/cli/verify-text.ts';

const same = (text: string) => text;
const PAINT: Paint = { good: same, caution: same, bad: (text) => `!${text}`, strong: same, faint: same };
const APP = { name: 'payment', text: 'ok', counters: 'ok', packets: { ipv4: 'ok', ipv6: 'skipped' }, findings: [] };
const linesOf = (...apps: object[]) => verifyText({ apps } as never, PAINT).split('\n');

test('nothing that is on is said as such', () => {
  assert.deepEqual(linesOf(), ['nothing is on']);
});

test('an application that is whole is one line, with nothing to be put right', () => {
  const [head, line, ...rest] = linesOf(APP);
  assert.match(head ?? '', /^APP +TEXT +COUNTERS +IPV4 +IPV6$/);
  assert.match(line ?? '', /^payment +ok +ok +ok +skipped$/);
  assert.deepEqual(rest, []);
});

test('findings stand below their application, and the end names only those in trouble', () => {
  const finding = { where: 'chain c_out', what: 'a rule is missing', expected: 'redirect', found: 'nothing' };
  const lines = linesOf(APP, { ...APP, name: 'report', text: 'differs', findings: [finding] });
  assert.match(lines[2] ?? '', /^report +!differs/);
  assert.deepEqual(lines.slice(3), [
    '  chain c_out: a rule is missing',
    '    expected  redirect',
    '    found     nothing',
    '',
    'put it right: `weir on report`   (or get out of it: `weir off report`)',
  ]);
});

test('counters that do not move are trouble without a finding', () => {
  assert.match(linesOf({ ...APP, counters: 'unmoved' }).at(-1) ?? '', /weir on payment/);
});

test('a column says whether calls that come in were proven, where an application has some', () => {
  const why = 'a call from outside to 10.77.0.1 port 20880 was not answered';
  const lines = linesOf({ ...APP, inbound: { result: 'not proven', detail: why } }, { ...APP, name: 'report' });
  assert.match(lines[0] ?? '', /IPV6 +INBOUND$/);
  assert.match(lines[1] ?? '', /skipped +not proven$/);
  assert.equal(lines[2], `  inbound not proven: ${why}`);
  assert.match(lines[3] ?? '', /skipped +-$/);
  assert.equal(lines.length, 4);
});

test('a sidecar that does not answer comes before `weir on`, which would refuse beside it', () => {
  const dead = { where: 'sidecar/main', what: 'its sidecar does not answer', expected: 'ready', found: 'refused' };
  const [last] = linesOf({ ...APP, findings: [dead] }, { ...APP, name: 'report', findings: [dead] }).slice(-1);
  assert.equal(
    last,
    'put it right: first the sidecar (`weir sidecar run main` where weir runs it), then `weir on payment report`   (or get out of it: `weir off payment report`)',
  );
});
