/** Limits of the kernel, from a folder in place of /proc. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readKernelLimits } from '../../../../src/interception/adapters/surroundings/kernel-limits.ts';

let proc = '';
function set(name: string, text: string): void {
  const file = join(proc, 'sys/net', name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

describe('the limits of the kernel', () => {
  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'weir-proc-'));
  });
  afterEach(() => rmSync(proc, { recursive: true }));

  it('are read as numbers and ranges', async () => {
    set('netfilter/nf_conntrack_tcp_timeout_established', '432000\n');
    set('ipv4/tcp_keepalive_time', '7200\n');
    set('ipv4/ip_local_port_range', '32768\t60999\n');
    set('ipv4/ip_local_reserved_ports', '15001,15006-15010\n');
    assert.deepEqual(await readKernelLimits(proc), {
      seen: {
        establishedTimeoutS: 432_000,
        keepaliveS: 7200,
        localPorts: { from: 32_768, to: 60_999 },
        reservedPorts: [
          { from: 15_001, to: 15_001 },
          { from: 15_006, to: 15_010 },
        ],
      },
    });
  });

  it('are null where the kernel has no such number, not 0', async () => {
    set('ipv4/ip_local_reserved_ports', '\n');
    assert.deepEqual(await readKernelLimits(proc), {
      seen: { establishedTimeoutS: null, keepaliveS: null, localPorts: null, reservedPorts: [] },
    });
  });

  it('are unseen when one is there and cannot be read', async () => {
    mkdirSync(join(proc, 'sys/net/ipv4/tcp_keepalive_time'), { recursive: true });
    assert.match(JSON.stringify(await readKernelLimits(proc)), /^\{"unseen":".*EISDIR/);
  });
});
