/** Messages to systemd, by a `systemd-notify` that writes down what it was told. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { notifyServiceManager } from '../../../src/platform/process/service-manager.ts';

const { PATH, NOTIFY_SOCKET } = process.env;
let folder = '';
const told = () => readFileSync(join(folder, 'told'), 'utf8');

describe('the service manager', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-notify-'));
    writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$@" > ${folder}/told\nexit 1\n`, { mode: 0o755 });
    process.env.PATH = `${folder}:${PATH}`;
    process.env.NOTIFY_SOCKET = '/run/systemd/notify';
  });
  afterEach(() => {
    process.env.PATH = PATH;
    if (NOTIFY_SOCKET === undefined) delete process.env.NOTIFY_SOCKET;
    else process.env.NOTIFY_SOCKET = NOTIFY_SOCKET;
    rmSync(folder, { recursive: true });
  });

  it('is told the states in the name of this process; its failure is no failure of weir', async () => {
    await notifyServiceManager('READY=1', 'STATUS=live');
    assert.equal(told(), `--pid=${process.pid} READY=1 STATUS=live\n`);
  });

  it('is told nothing where there is none', async () => {
    delete process.env.NOTIFY_SOCKET;
    await notifyServiceManager('READY=1');
    assert.throws(told, { code: 'ENOENT' });
  });
});
