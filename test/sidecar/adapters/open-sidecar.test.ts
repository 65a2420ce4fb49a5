/** Where the files of a sidecar lie. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptFolder, peerSocketPath, sidecarJournalPath } from '../../../src/sidecar/adapters/open-sidecar.ts';

test('two containers that take turns keep their records apart, and meet at one socket', () => {
  assert.equal(keptFolder('/run/weir', 'main', null), '/run/weir/main');
  assert.equal(keptFolder('/run/weir', 'main', '4711'), '/run/weir/main/c4711');
  assert.notEqual(keptFolder('/run/weir', 'main', '1'), keptFolder('/run/weir', 'main', '2'));
  assert.equal(peerSocketPath('/run/weir', 'main'), '/run/weir/main/peer.sock');
});

test('the journal survives a reboot', () => {
  assert.equal(sidecarJournalPath('/var/lib/weir', 'main'), '/var/lib/weir/sidecars/main/journal.jsonl');
});
