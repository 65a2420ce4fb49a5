/** `weir off` and `weir uninstall` beside another command that holds the lock and writes the same rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend } from '../../src/interception/backend.ts';
import { rulesetChange } from '../../src/interception/rules/diff.ts';
import type { FakeHost } from '../fakes/fake-host.ts';
import { BACKENDS, hostWith, off, on, removeAll, UIDS } from './cases.ts';

/**
 * A host on which an `on` is at work: it holds the lock, and takes the switch out again after each of the next `times`
 * commits of others. It ends where somebody waits for it.
 */
async function besideOn(
  backend: Backend,
  times: number,
  answer: () => Promise<void> = () => Promise.resolve(),
): Promise<FakeHost> {
  const host = hostWith(backend);
  await on(host);
  const firewall = host.fake(backend);
  const { rulesets: wanted } = await firewall.read();
  const commit = firewall.commit.bind(firewall);
  let left = times;
  firewall.commit = async (changes) => {
    const done = await commit(changes);
    if (left === 0) return done;
    left -= 1;
    const { rulesets } = await firewall.read();
    const back = rulesets.flatMap((current, at) => {
      const target = wanted[at];
      if (target === undefined) return [];
      const change = rulesetChange(current, target, { clearSwitches: ['payment'] });
      return change.operations.length === 0 ? [] : [change];
    });
    if (back.length > 0) await commit(back);
    return done;
  };
  const take = host.takeLock.bind(host);
  let isFirst = true;
  host.takeLock = (async (_what: string, _waitMs: number, onWait: (holder: string) => void) => {
    if (!isFirst) return take();
    isFirst = false;
    onWait('1234 weir on payment');
    // Until the commands that do not wait have looked and sent.
    for (let turn = 0; turn < 1000; turn += 1) await Promise.resolve();
    await answer();
    left = 0;
    return take();
  }) as typeof host.takeLock;
  return host;
}

for (const backend of BACKENDS) {
  test(`${backend}: off beside an on that takes its switch out again goes direct, and blames nobody`, async () => {
    for (let times = 1; times <= 9; times += 1) {
      const host = await besideOn(backend, times);
      const { result, warnings, isWhole } = await off(host);
      assert.equal(host.fate(UIDS.payment), null, `${times}`);
      assert.deepEqual([warnings, isWhole, result.apps[0]?.after], [[], true, 'off'], `${times}`);
    }
  });

  test(`${backend}: uninstall beside an on that takes its switch out again removes everything, and blames nobody`, async () => {
    for (let times = 1; times <= 9; times += 1) {
      const host = await besideOn(backend, times);
      const { warnings, isWhole } = await removeAll(host);
      assert.equal(host.fate(UIDS.payment), null, `${times}`);
      assert.deepEqual([warnings, isWhole], [[], true], `${times}`);
    }
  });

  test(`${backend}: off that never gets the lock does not say that it was somebody by hand alone`, async () => {
    const host = await besideOn(backend, 1000, () => Promise.reject(new Error('weir on is at work')));
    await assert.rejects(off(host), {
      code: 'WEIR3042',
      why: 'the kernel accepted the switch, but its rules ignore it: somebody changed them, or another command writes them (no lock: weir on is at work)',
    });
  });
}

test('off that could not look again once it had the lock does not say that traffic is direct', async () => {
  const host = await besideOn('nft', 0);
  const firewall = host.fake('nft');
  const read = firewall.read.bind(firewall);
  const take = host.takeLock;
  host.takeLock = (async (...args: Parameters<typeof take>) => {
    const lock = await take(...args);
    firewall.read = () => Promise.reject(new Error('no such device'));
    return lock;
  }) as typeof host.takeLock;
  const { warnings, isWhole } = await off(host);
  firewall.read = read;
  assert.equal(isWhole, false);
  assert.match(warnings.join('\n'), /went direct, and could not be looked at again under the lock: .*no such device/);
  assert.doesNotMatch(warnings.join('\n'), /is direct/);
});
