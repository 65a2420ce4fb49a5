/** Which files are whole programs for this machine. */
import assert from 'node:assert/strict';
import { openSync, readSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { ELF_HEAD_BYTES, judgeElf } from '../../../src/sidecar/envoy/elf-program.ts';

/** A 64-bit program with one segment and a table of sections at its end. */
function elf(change: { machine?: number; type?: number } = {}): Buffer {
  const head = Buffer.alloc(4096);
  head.writeUInt32BE(0x7f454c46, 0);
  head.set([2, 1, 1], 4);
  head.writeUInt16LE(change.type ?? 3, 16);
  head.writeUInt16LE(change.machine ?? 62, 18);
  head.writeBigUInt64LE(64n, 32);
  head.writeBigUInt64LE(3968n, 40);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt16LE(64, 58);
  head.writeUInt16LE(2, 60);
  head.writeBigUInt64LE(0n, 64 + 8);
  head.writeBigUInt64LE(3000n, 64 + 32);
  return head;
}

const judge = (head: Buffer, size = head.length, arch = 'x64') =>
  judgeElf(head.subarray(0, ELF_HEAD_BYTES), size, arch);

test('a whole program for this machine is one, such as the Node that runs this', () => {
  assert.equal(judge(elf()), null);
  const head = Buffer.alloc(ELF_HEAD_BYTES);
  readSync(openSync(process.execPath, 'r'), head, 0, head.length, 0);
  assert.equal(judgeElf(head, statSync(process.execPath).size, process.arch), null);
});

test('each cut of it is incomplete or no program, never a whole one', () => {
  const whole = elf();
  for (let size = 0; size < whole.length; size += 13)
    assert.notEqual(judge(whole.subarray(0, size)), null, `${size} bytes`);
});

test('the reason names what it is', () => {
  assert.match(judge(Buffer.from('#!/bin/sh\n')) ?? '', /script/);
  assert.match(judge(Buffer.from('hello world'.repeat(20))) ?? '', /no ELF/);
  assert.match(judge(Buffer.alloc(0)) ?? '', /empty/);
  assert.match(judge(elf({ machine: 183 })) ?? '', /for ARM64, and this machine is x86-64/);
  assert.match(judge(elf(), 4096, 'arm64') ?? '', /for x86-64, and this machine is ARM64/);
  assert.match(judge(elf({ machine: 9999 })) ?? '', /machine 9999/);
  assert.match(judge(elf({ type: 1 })) ?? '', /executable/);
  assert.match(judge(elf().subarray(0, 64)) ?? '', /incomplete: 64 bytes/, 'a head that is whole');
  assert.match(judge(elf(), 3000) ?? '', /incomplete: 3000 bytes of at least 4096/);
});
