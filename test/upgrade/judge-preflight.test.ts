import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgePreflight, type PreflightFacts, preflightWarnings } from '../../src/upgrade/judge-preflight.ts';

const MIB = 1024 * 1024;
const BOOTSTRAP = { admin: 'unix:/run/a.sock', listeners: ['127.0.0.1:15001'], accessLogs: ['/var/log/access.log'] };
const GOOD: PreflightFacts = {
  binaryProblem: null,
  version: '1.40.0',
  hotRestartVersion: '11.104',
  servingHotRestartVersion: '11.104',
  validateProblem: null,
  bootstrap: BOOTSTRAP,
  servingBootstrap: BOOTSTRAP,
  admin: 'unix:/run/a.sock',
  concurrency: 1,
  servingConcurrency: 1,
  drainMs: 15_000,
  servingDrainMs: 15_000,
  busyAddresses: [],
  adminProblem: null,
  sharedMemoryProblem: null,
  availableBytes: 1000 * MIB,
  servingBytes: 65 * MIB,
  storageProblem: null,
};

const REFUSALS: readonly [string, Partial<PreflightFacts>, RegExp][] = [
  ['the binary does not run', { binaryProblem: 'exec format error' }, /exec format error/],
  ['the binary is no Envoy', { hotRestartVersion: null }, /is it an Envoy/],
  ['the hot restart versions differ', { hotRestartVersion: '12.1' }, /12\.1.*11\.104/],
  ['Envoy does not accept the bootstrap', { validateProblem: 'no such field' }, /no such field/],
  ['the number of workers changes', { concurrency: 4 }, /from 1 to 4/],
  ['the admin address is another', { admin: 'unix:/run/b.sock' }, /a\.sock.*b\.sock/],
  ['a listener would be lost', { bootstrap: { ...BOOTSTRAP, listeners: [] } }, /no listener on 127\.0\.0\.1:15001/],
  ['a new address is taken', { busyAddresses: ['127.0.0.1:80'] }, /127\.0\.0\.1:80/],
  ['the shared memory is gone', { sharedMemoryProblem: 'it is gone' }, /it is gone/],
  ['the journal cannot be written', { storageProblem: 'ENOSPC' }, /ENOSPC/],
  ['there is no memory for two', { availableBytes: 80 * MIB }, /97 MiB more, and 80 MiB/],
];

describe('preflight', () => {
  it('lets a sound upgrade go on without a word', () => {
    assert.deepEqual(judgePreflight(GOOD), []);
    assert.deepEqual(preflightWarnings(GOOD), []);
  });

  for (const [name, change, reason] of REFUSALS) {
    it(`refuses when ${name}, and only for that reason`, () => {
      const reasons = judgePreflight({ ...GOOD, ...change });
      assert.equal(reasons.length, 1);
      assert.match(String(reasons[0]), reason);
    });
  }

  it('lists every reason at once', () => {
    assert.equal(judgePreflight({ ...GOOD, concurrency: 2, sharedMemoryProblem: 'x', adminProblem: 'y' }).length, 3);
  });

  it('warns when cut requests cannot be counted and when the old drain is longer than the timer', () => {
    const facts = { ...GOOD, bootstrap: { ...BOOTSTRAP, accessLogs: [] }, servingDrainMs: 600_000 };
    const warnings = preflightWarnings(facts);
    assert.match(String(warnings[0]), /access log/);
    assert.match(String(warnings[1]), /600 s.*15 s/);
  });
});
