/** Texts about many hosts: what needs somebody is named, the rest is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainedText } from '../../../src/fleet/text/explained-text.ts';
import { switchedText } from '../../../src/fleet/text/switched-text.ts';
import type { ExplainedHost } from '../../../src/fleet/usecases/explained.ts';
import { PLAIN_PAINT } from '../../mesh/mistakes/mistake-golden.ts';

function host(name: string, version: string, state: 'ok' | 'silent' = 'ok'): ExplainedHost {
  const sidecar = { name: 'main', state: 'live', version, release: null, wave: null, outcome: null, error: null };
  const reason = state === 'ok' ? null : 'no word: its lease has ended';
  return {
    name,
    region: 'east',
    state,
    reason,
    ageMs: 1_000,
    apps: [],
    sidecars: [sidecar],
    rollouts: [],
    errors: [],
    next: null,
  };
}

test('of a thousand hosts of an application the wrong one stands first, and the others are counted by version', () => {
  const good = Array.from({ length: 999 }, (_, index) => host(`h-${index}`, index < 900 ? '1.39.3' : '1.40.0'));
  const hosts = [...good, host('h-999', '1.39.3', 'silent')];
  const text = explainedText({ subject: { kind: 'app', name: 'a' }, state: 'differs', hosts, next: null }, PLAIN_PAINT);
  const lines = text.split('\n');
  assert.match(lines[0] ?? '', /^h-999 .*silent: no word/);
  assert.match(text, /999 of 1000 hosts are ok/);
  assert.match(text, /sidecar main: live 1\.39\.3 on 900\n {2}sidecar main: live 1\.40\.0 on 99/);
  assert.ok(lines.length < 10, text);
});

test('hosts that wait for the same are one line, with the first of their names', () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `h-${index}`);
  const pending = names.map((one) => ({ host: one, reason: 'it has not seen the change yet' }));
  const region = { name: 'east', reachable: true, error: null, selected: 1_001, hosts: names, confirmed: 1, pending };
  const pressed = (written: boolean) =>
    switchedText(
      { action: 'off', apps: ['*'], regions: [{ ...region, written }], ms: { confirmed: null } },
      PLAIN_PAINT,
    );
  assert.match(pressed(true), /^ {4}h-0, h-1, .* and 988 more: it has not seen the change yet$/m);
  assert.match(pressed(false), /^ {2}east {2}h-0, .*h-11 and 988 more$/m);
});

test('the release of the red button is not told as applications that are on', () => {
  const region = { name: 'east', reachable: true, error: null, selected: 1, hosts: ['a'], confirmed: 1, pending: [] };
  const told = (action: 'on' | 'off', written: boolean) =>
    switchedText({ action, apps: ['*'], regions: [{ ...region, written }], ms: { confirmed: 200 } }, PLAIN_PAINT);
  assert.match(told('on', true), /^the red button: release confirmed by 1 of 1 host in 0\.2 s$/m);
  assert.match(told('on', false), /^the red button: release would go to 1 host; nothing was written$/m);
  assert.match(told('off', true), /^every application: off confirmed by 1 of 1 host in 0\.2 s$/m);
});

test('a region that could not be asked is in no count of the first line, which says so', () => {
  const east = {
    name: 'east',
    reachable: true,
    error: null,
    selected: 2,
    hosts: ['a', 'b'],
    confirmed: 2,
    pending: [],
  };
  const nothing = { selected: null, hosts: null, confirmed: null, pending: null };
  const west = { name: 'west', reachable: false, error: 'no answer', written: false, ...nothing };
  const head = (written: boolean) =>
    switchedText(
      { action: 'off', apps: ['*'], regions: [{ ...east, written }, west], ms: { confirmed: null } },
      PLAIN_PAINT,
    ).split('\n')[0];
  assert.equal(head(true), 'every application: off confirmed by 2 of 2 hosts; of west it is not known');
  assert.equal(head(false), 'every application: off would go to 2 hosts; nothing was written; of west it is not known');
});
