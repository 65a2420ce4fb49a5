/** The preflight of an upgrade. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BootstrapFacts } from '../../../src/sidecar/envoy/bootstrap-facts.ts';
import {
  judgePreflight,
  type PreflightFacts,
  preflightWarnings,
} from '../../../src/sidecar/machine/judge-preflight.ts';

const MIB = 1024 * 1024;
const BOOTSTRAP: BootstrapFacts = {
  admin: 'unix:/run/a.sock',
  listeners: { bound: ['127.0.0.1:15001'], alsoCovered: [], uncountable: [], unseen: [] },
  sources: { count: 0, hasDynamicListeners: false, asksDiscovery: false, shortestFetchMs: null },
  log: { files: ['/var/log/access.log'], counting: ['/var/log/access.log'], namesPeers: true, problem: null },
};

function listening(...bound: readonly string[]): BootstrapFacts {
  return { ...BOOTSTRAP, listeners: { ...BOOTSTRAP.listeners, bound } };
}
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
  earlyEndProblems: [],
  unseenListeners: [],
  isDubboUntold: false,
  storageProblem: null,
};

const REFUSALS: readonly [string, Partial<PreflightFacts>, RegExp][] = [
  ['the binary does not run', { binaryProblem: 'exec format error' }, /exec format error/],
  ['the binary is no Envoy', { hotRestartVersion: null }, /is it an Envoy/],
  ['the hot restart versions differ', { hotRestartVersion: '12.1' }, /12\.1.*11\.104/],
  ['Envoy does not accept the bootstrap', { validateProblem: 'no such field' }, /no such field/],
  ['the number of workers changes', { concurrency: 4 }, /from 1 to 4.*--accept-risk concurrency/],
  ['the admin address is another', { admin: 'unix:/run/b.sock' }, /a\.sock.*b\.sock/],
  [
    'a listener would be lost',
    { bootstrap: listening() },
    /no listener on 127\.0\.0\.1:15001.*--accept-risk drop-listener/,
  ],
  ['a new address is taken', { busyAddresses: ['127.0.0.1:80'] }, /127\.0\.0\.1:80/],
  ['the shared memory is gone', { sharedMemoryProblem: 'it is gone' }, /it is gone/],
  ['the journal cannot be written', { storageProblem: 'ENOSPC' }, /ENOSPC/],
  ['there is no memory for two', { availableBytes: 80 * MIB }, /97 MiB more, and 80 MiB/],
];

describe('preflight', () => {
  it('lets a sound upgrade go on without a word', () => {
    assert.deepEqual(judgePreflight(GOOD, []), []);
    assert.deepEqual(preflightWarnings(GOOD), []);
  });

  it('warns of the calls that consumers of Dubbo lose while nobody tells them', () => {
    assert.match(
      preflightWarnings({ ...GOOD, isDubboUntold: true }).join(),
      /lose calls.*cluster\.availablecheck=false/,
    );
  });

  for (const [name, change, reason] of REFUSALS) {
    it(`refuses when ${name}, and only for that reason`, () => {
      const reasons = judgePreflight({ ...GOOD, ...change }, []);
      assert.equal(reasons.length, 1);
      assert.match(String(reasons[0]), reason);
    });
  }

  it('lists every reason at once', () => {
    assert.equal(
      judgePreflight({ ...GOOD, concurrency: 2, sharedMemoryProblem: 'x', adminProblem: 'y' }, []).length,
      3,
    );
  });

  it('warns when cut requests cannot be counted and when the old drain is longer than the timer', () => {
    const log = { files: [], counting: [], namesPeers: true, problem: 'there is no access log' };
    const facts = { ...GOOD, servingBootstrap: { ...BOOTSTRAP, log }, servingDrainMs: 600_000 };
    const warnings = preflightWarnings(facts);
    assert.match(String(warnings[0]), /access log/);
    assert.match(String(warnings[1]), /600 s.*15 s/);
  });

  it('warns when the old process has to be left to Envoy, and why', () => {
    const warnings = preflightWarnings({ ...GOOD, earlyEndProblems: ['quic takes datagrams'] });
    assert.match(warnings.join(), /Envoy's own timer.*quic takes datagrams/);
  });

  it('lets a listener go, or the number of workers change, where that is accepted', () => {
    const facts = { ...GOOD, bootstrap: listening('127.0.0.1:15002'), concurrency: 2 };
    assert.equal(judgePreflight(facts, []).length, 2);
    assert.equal(judgePreflight(facts, ['drop-listener']).length, 1);
    assert.deepEqual(judgePreflight(facts, ['drop-listener', 'concurrency']), []);
  });

  it('takes a wider address for the narrower one that serves', () => {
    assert.deepEqual(judgePreflight({ ...GOOD, bootstrap: listening('0.0.0.0:15001') }, []), []);
    const narrower = { ...GOOD, servingBootstrap: listening('0.0.0.0:15001') };
    assert.equal(judgePreflight(narrower, []).length, 1);
    const dual = listening('[::]:15001');
    const both = { ...dual, listeners: { ...dual.listeners, alsoCovered: ['0.0.0.0:15001'] } };
    assert.deepEqual(judgePreflight({ ...GOOD, bootstrap: both }, []), []);
    assert.equal(judgePreflight({ ...GOOD, bootstrap: dual }, []).length, 1);
  });
});
