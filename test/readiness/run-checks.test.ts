/** The run of all checks, with timeouts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { CHECK_CATEGORY_NAMES } from '../../src/readiness/check-categories.ts';
import { hasFailedChecks, runChecks } from '../../src/readiness/run-checks.ts';
import { check, checkCase, findings, troubles } from './check-case.ts';

test('a host in order has no finding but good ones, in each category', async () => {
  const report = await check(checkCase(), ...CHECK_CATEGORY_NAMES);
  const { ok, ...rest } = report.counts;
  assert.deepEqual(rest, { warning: 0, error: 0, timeout: 0, unknown: 0, skipped: 0 });
  assert.ok(ok > 20);
  assert.deepEqual(
    report.categories.map(({ name }) => name),
    CHECK_CATEGORY_NAMES,
  );
  assert.ok(report.categories.every(({ checks }) => checks.length > 0));
  assert.equal(hasFailedChecks(report), false);
});

test('the observer hears of each category in order, with what the report says of it', async () => {
  const heard: unknown[] = [];
  const categories = ['clock', 'kernel'] as const;
  const report = await runChecks(checkCase(), { categories, timeoutMs: 1000, observe: (one) => heard.push(one) });
  assert.deepEqual(heard, report.categories);
});

test('a check that hangs is a timeout of its own and keeps nobody else waiting', async () => {
  const host = checkCase();
  host.facts.conntrackRoom = () => new Promise(() => undefined);
  const report = await runChecks(host, {
    categories: ['conntrack', 'clock'],
    timeoutMs: 20,
    observe: () => undefined,
  });
  assert.equal(report.counts.timeout, 1);
  assert.match(report.categories[0]?.checks[0]?.what ?? '', /not known/);
  assert.equal(report.categories[1]?.checks[0]?.result, 'ok');
  assert.equal(hasFailedChecks(report), true);
});

test('a tool that does not end in time is a timeout; one that is missing, does not start or fails says nothing', async () => {
  const host = checkCase();
  const fail = (code: 'WEIR2001' | 'WEIR2002' | 'WEIR2003' | 'WEIR2010') =>
    Promise.reject(new WeirError(code, { what: 'nft failed', why: 'it said so', hint: 'look at it' }));
  host.intercept.foreign = () => fail('WEIR2002');
  assert.deepEqual(await troubles(host, 'foreign'), ['timeout: rules of other meshes and firewalls: not known']);
  for (const code of ['WEIR2001', 'WEIR2003', 'WEIR2010'] as const) {
    host.intercept.foreign = () => fail(code);
    const report = await check(host, 'foreign');
    const [found] = report.categories.flatMap(({ checks }) => checks);
    assert.equal(found?.result, 'unknown', code);
    assert.equal(found?.what, 'rules of other meshes and firewalls: not known');
    assert.equal(found?.evidence, `nft failed: it said so (${code})`);
    assert.match(found?.why ?? '', /two meshes/);
    assert.equal(found?.hint, 'look at it');
    assert.deepEqual([report.counts.unknown, report.counts.error, hasFailedChecks(report)], [1, 0, true]);
  }
});

test('a check that may not look, or finds no descriptor, does not know, and the others go on', async () => {
  const host = checkCase();
  const fail = (code: string) =>
    Promise.reject(Object.assign(new Error(`${code}: scandir '/run/weir'`), { code, syscall: 'scandir' }));
  host.facts.filesIn = () => fail('EACCES');
  assert.deepEqual(await troubles(host, 'leftovers'), ['skipped: files of weir: not known']);
  host.facts.filesIn = () => fail('EMFILE');
  const report = await check(host, 'leftovers', 'clock');
  const [found] = report.categories.flatMap(({ checks }) => checks).filter(({ result }) => result === 'unknown');
  assert.equal(found?.what, 'files of weir: not known');
  assert.equal(found?.evidence, "EMFILE: scandir '/run/weir'");
  assert.ok(report.categories[1]?.checks.every(({ result }) => result === 'ok'));
});

test('while the state file cannot be read, nothing is said of what weir remembers', async () => {
  const host = checkCase();
  host.intercept.storeProblem = 'state.json was written by a newer weir';
  host.facts.files = ['off.sh'];
  for (const category of ['backend', 'clock', 'leftovers'] as const) {
    const said = (await findings(host, category)).map(({ result, what }) => `${result}: ${what}`);
    assert.ok(!said.some((text) => /remembers nothing|will take|where they belong/.test(text)), said.join('; '));
    assert.ok(
      said.some((text) => /^skipped: .*newer weir/.test(text)),
      said.join('; '),
    );
  }
});

test('a bug in a check is not a finding', async () => {
  const host = checkCase();
  host.facts.kernel = () => Promise.reject(new TypeError('undefined is not a function'));
  await assert.rejects(check(host, 'kernel'), TypeError);
});

test('without the rights of root, what cannot be seen is skipped and says so', async () => {
  const host = checkCase();
  host.facts.rightsFacts = { uid: 1000, capabilities: new Set() };
  for (const category of ['backend', 'foreign', 'leftovers'] as const) {
    const skipped = (await findings(host, category)).filter(({ result }) => result === 'skipped');
    assert.ok(skipped.length > 0, category);
    assert.ok(skipped.every(({ what, hint }) => /without root/.test(what) && hint !== null));
  }
  const [rights] = await troubles(host, 'rights');
  assert.equal(rights, 'warning: uid 1000 may look at a part of the host only');
});

test('every finding that is not in order says why it matters and what to do', async () => {
  const host = checkCase();
  host.config = { state: 'missing', file: '/etc/weir/mesh.yaml' };
  host.facts.installed.clear();
  host.facts.room = { count: 95, max: 100 };
  host.facts.mounts = [];
  host.facts.clockFacts = { isSynchronised: false, by: 'chrony' };
  host.facts.folders.set('/run/weir', { state: 'read-only' });
  host.facts.natRuleCounts = { nft: 1, legacy: 1 };
  host.intercept.foreignRules = [{ name: 'istio', kind: 'mesh', evidence: 'ISTIO_OUTPUT', backend: 'iptables-nft' }];
  const report = await check(host, ...CHECK_CATEGORY_NAMES);
  const bad = report.categories.flatMap(({ checks }) => checks).filter(({ result }) => result !== 'ok');
  assert.ok(bad.length >= 10);
  for (const one of bad) {
    assert.ok(one.why.length > 20, one.what);
    assert.ok(one.hint !== null && one.hint.length > 10, one.what);
  }
});
