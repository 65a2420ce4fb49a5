/** Kinds of iptables programs, by their names and their version output. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { WeirError } from '../../../../src/errors/weir-error.ts';
import { findIptables, locateIptables } from '../../../../src/interception/adapters/firewall/iptables-tools.ts';
import { fakeTools } from '../../../fakes/fake-tools.ts';

const NFT = 'iptables-nft-restore v1.8.9 (nf_tables)\n';
const LEGACY = 'iptables-restore v1.8.9 (legacy)\n';
const OLD = 'iptables-restore v1.6.1\n';

describe('finding iptables', () => {
  it('takes the programs that have the kind in their names', async () => {
    const { run, calls } = fakeTools({ 'ip6tables-nft-restore --version': NFT });
    assert.deepEqual(await findIptables('nft', 'ip6', run), {
      save: 'ip6tables-nft-save',
      restore: 'ip6tables-nft-restore',
      version: 'v1.8.9 (nf_tables)',
    });
    assert.equal(calls.length, 1);
  });

  it('takes plain ones for the kind that they say they are', async () => {
    const legacy = fakeTools({ 'iptables-restore --version': LEGACY }).run;
    assert.equal((await findIptables('legacy', 'ip', legacy)).save, 'iptables-save');
    await assert.rejects(findIptables('nft', 'ip', legacy), {
      code: 'WEIR2001',
      why: 'the iptables that is there is v1.8.9 (legacy)',
    });
    const nft = fakeTools({ 'iptables-restore --version': NFT }).run;
    assert.equal((await findIptables('nft', 'ip', nft)).save, 'iptables-save');
    await assert.rejects(findIptables('legacy', 'ip', nft), { code: 'WEIR2001' });
  });

  it('takes releases that name no kind for legacy', async () => {
    const { run } = fakeTools({ 'iptables-restore --version': OLD });
    assert.equal((await findIptables('legacy', 'ip', run)).version, 'v1.6.1');
    await assert.rejects(findIptables('nft', 'ip', run), { code: 'WEIR2001' });
  });

  it('says when there is none', async () => {
    await assert.rejects(findIptables('nft', 'ip6', fakeTools({}).run), {
      code: 'WEIR2001',
      what: 'ip6tables-nft is missing',
      hint: 'install the package iptables',
    });
  });

  it('does not take a program that could not be started for one that is not there', async () => {
    const full = new WeirError('WEIR2010', { what: 'not started', why: 'EMFILE', hint: 'raise that limit' });
    await assert.rejects(findIptables('nft', 'ip', fakeTools(() => full).run), full);
  });
});

describe('locating iptables', () => {
  const path = process.env.PATH;
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-tools-'));
    // A kind that no host has: the folders of system tools are searched as well.
    process.env.PATH = folder;
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });
  const place = (name: string, mode: number): void => {
    writeFileSync(join(folder, name), '#!/bin/sh\n');
    chmodSync(join(folder, name), mode);
  };
  const kind = 'weirtest' as 'nft';

  it('runs nothing where both programs are in PATH', async () => {
    place('iptables-weirtest-save', 0o755);
    place('iptables-weirtest-restore', 0o755);
    const { run, calls } = fakeTools({});
    assert.deepEqual(await locateIptables(kind, 'ip', run), {
      save: 'iptables-weirtest-save',
      restore: 'iptables-weirtest-restore',
    });
    assert.equal(calls.length, 0);
  });

  it('asks when one of them is missing or may not be executed', async () => {
    place('iptables-weirtest-save', 0o755);
    place('iptables-weirtest-restore', 0o644);
    const { run, calls } = fakeTools({});
    await assert.rejects(locateIptables(kind, 'ip', run), { code: 'WEIR2001' });
    assert.deepEqual(
      calls.map(({ command }) => command),
      ['iptables-weirtest-restore --version', 'iptables-restore --version'],
    );
  });
});
