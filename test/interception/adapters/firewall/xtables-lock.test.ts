/** Who holds the xtables lock, by /proc/locks. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  lockOwner,
  tellOfXtablesLock,
  xtablesLockHolder,
} from '../../../../src/interception/adapters/firewall/xtables-lock.ts';

const LOCKS = [
  '1: POSIX  ADVISORY  WRITE 700 00:1a:4711 0 EOF',
  '2: FLOCK  ADVISORY  WRITE 4242 00:1a:4711 0 EOF',
  '2: -> FLOCK  ADVISORY  WRITE 5353 00:1a:4711 0 EOF',
  '3: FLOCK  ADVISORY  WRITE 99 00:1a:47110 0 EOF',
  '',
].join('\n');

describe('the holder of a lock', () => {
  it('is who has the flock on that inode, not who waits for it', () => {
    assert.equal(lockOwner(LOCKS, 4711), 4242);
    assert.equal(lockOwner(LOCKS, 47_110), 99);
    assert.equal(lockOwner(LOCKS, 471), null);
    assert.equal(lockOwner(LOCKS.split('\n').slice(2).join('\n'), 4711), null);
    assert.equal(lockOwner('', 4711), null);
  });

  it('is named by its program, and nobody is named for a file that is free or not there', async (t) => {
    const file = lockFile(t);
    assert.equal(xtablesLockHolder(file), null);
    writeFileSync(file, '');
    assert.equal(xtablesLockHolder(file), null);
    const { holder, release } = await hold(file);
    assert.equal(xtablesLockHolder(file), holder);
    await release();
    assert.equal(xtablesLockHolder(file), null);
  });

  it('is told of at once and each five seconds until nobody waits any more, and only while the lock is held', async (t) => {
    const file = lockFile(t);
    const { holder, release } = await hold(file);
    t.mock.timers.enable({ apis: ['setInterval'] });
    const told: string[] = [];
    const tellOf = () => tellOfXtablesLock((text) => told.push(text), file);
    const end = tellOf();
    assert.deepEqual(told, [`waiting for the xtables lock, which ${holder} holds`]);
    t.mock.timers.tick(4999);
    assert.equal(told.length, 1);
    t.mock.timers.tick(1);
    assert.match(told[1] ?? '', /^still waiting for the xtables lock after \d+ s: sh \(process \d+\) holds it$/);
    end();
    t.mock.timers.tick(60_000);
    assert.equal(told.length, 2);
    await release();
    tellOf()();
    assert.equal(told.length, 2);
  });
});

/** A file of its own, which is not made yet. */
function lockFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-lock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'xtables.lock');
}

async function hold(file: string) {
  const holder = spawn('flock', ['--no-fork', file, 'sh', '-c', 'echo held; read end'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(holder.stdout, 'data');
  const release = async () => {
    holder.stdin.end();
    await once(holder, 'close');
  };
  return { holder: `sh (process ${holder.pid})`, release };
}
