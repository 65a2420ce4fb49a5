/** The pages of `weir help` about exit codes, errors and mesh.yaml. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CATALOGUE } from '../../src/errors/catalogue.ts';
import { runWeirBin } from '../run-weir.ts';

/** The documented contract, written out: a change of meaning must be seen here. */
const CONTRACT = [
  '   0  done, or nothing to do',
  '   1  findings: drift, failed checks, lossy or refused rules',
  '   2  wrong usage or unreadable input',
  '   3  refused; nothing was changed',
  '   4  failed part-way; rolled back to the state before',
  '   5  failed and the roll-back failed or an emergency bypass is on: the manual steps are printed',
  '   6  timed out',
  "  70  a bug of weir; a report file's path is printed",
];

test('weir help exit-codes prints the contract', async () => {
  const { code, stdout } = await runWeirBin(['help', 'exit-codes']);
  assert.equal(code, 0);
  for (const line of CONTRACT) assert.ok(stdout.split('\n').includes(line), line);
});

test('weir help errors lists every code, and weir help CODE explains each', async () => {
  const { stdout } = await runWeirBin(['help', 'errors']);
  for (const [code, { title }] of Object.entries(ERROR_CATALOGUE)) {
    assert.match(stdout, new RegExp(`^${code} .*${title.replaceAll(/[()]/g, '.')}$`, 'm'));
  }
  const explained = await runWeirBin(['help', 'weir2001']);
  assert.match(explained.stdout, /^WEIR2001: a program that weir needs is missing\n[\s\S]*Exit code: 3/);
});

test('weir help COMMAND is the help of the command', async () => {
  const [byTopic, byFlag] = await Promise.all([runWeirBin(['help', 'help']), runWeirBin(['help', '--help'])]);
  assert.equal(byTopic.code, 0);
  assert.match(byTopic.stdout, /USAGE\n {2}\$ weir help/);
  assert.deepEqual(byTopic, byFlag);
});

test('weir help mesh-yaml shows a whole mesh.yaml', async () => {
  const { stdout } = await runWeirBin(['help', 'mesh-yaml']);
  assert.match(stdout, /apiVersion: weir\.dev\/v1/);
});
