/** Leases in xt_recent lists: how they are renewed and read, on files of a temporary folder. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readRecentLists, renewRecentLists } from '../../../../src/interception/adapters/firewall/recent-lists.ts';
import { leaseList } from '../../../../src/interception/rules/iptables/compile-iptables.ts';

const PAYMENT = { app: 'payment', mode: 'redirect' as const, slot: 1, marks: [1], seconds: 30 };
const REPORT = { app: 'report', mode: 'redirect' as const, slot: 2, marks: [2], seconds: 30 };
let folder = '';
const fileOf = ({ slot }: { slot: number }) => join(folder, leaseList(slot));

/** An entry as the kernel prints it, of so many milliseconds ago, with 1,000 ticks a second. */
function entry(agoMs: number): string {
  const now = Number(process.hrtime.bigint() / 1_000_000n);
  const ticks = Math.round(now - agoMs - 300_000 + 2 ** 32);
  return `src=0.0.0.0 ttl: 0 last_seen: ${ticks} oldest_pkt: 1 ${ticks}\n`;
}

describe('leases in lists of xt_recent', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-recent-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are renewed for both families, and makes no list that is not there', async () => {
    writeFileSync(fileOf(PAYMENT), '');
    assert.deepEqual(await renewRecentLists(folder, [PAYMENT, REPORT]), ['report']);
    // A plain file keeps the last write alone; the kernel's list takes each.
    assert.equal(readFileSync(fileOf(PAYMENT), 'utf8').includes('+::'), true);
    assert.throws(() => readFileSync(fileOf(REPORT)), { code: 'ENOENT' });
  });

  it('do not count as missing when they may not be written', async () => {
    await assert.rejects(renewRecentLists(join(folder, '\0'), [PAYMENT]));
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(renewRecentLists(join(folder, 'file'), [PAYMENT]), { code: 'ENOTDIR' });
  });

  it('have what is left of their time, and nothing once they have lapsed or are gone', async () => {
    writeFileSync(fileOf(PAYMENT), entry(10_000));
    const left = await readRecentLists(folder, [PAYMENT, REPORT]);
    const ms = left.get('payment') ?? 0;
    // Other tick rates may read as later times; none reads as an earlier one.
    assert.ok(ms > 0 && ms <= 30_000, `${ms}`);
    assert.equal(left.get('report'), 0);
    writeFileSync(fileOf(PAYMENT), '');
    assert.equal((await readRecentLists(folder, [PAYMENT])).get('payment'), 0);
  });

  it('cannot be told when a list is there and cannot be read', async () => {
    rmSync(fileOf(PAYMENT), { force: true });
    const { mkdirSync } = await import('node:fs');
    mkdirSync(fileOf(PAYMENT));
    await assert.rejects(readRecentLists(folder, [PAYMENT]), { code: 'EISDIR' });
  });
});
