/** The console: keys, what they show, and that nothing is changed without a typed word. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { renderToString } from 'ink';
import { createElement as h } from 'react';
import {
  actionOf,
  type ConsoleAction,
  commandLine,
  commandOf,
  wordOf,
} from '../../../src/fleet/console/console-action.ts';
import { rowsOf } from '../../../src/fleet/console/console-rows.ts';
import {
  type ConsoleEffect,
  type ConsoleState,
  commandEnded,
  FIRST_STATE,
  keepChosen,
  pressKey,
} from '../../../src/fleet/console/console-state.ts';
import { ConsoleView, pageOf } from '../../../src/fleet/text/console-view.ts';
import { runAction } from '../../../src/fleet/text/run-console.ts';
import type { FleetStatus } from '../../../src/fleet/usecases/fleet-status.ts';
import { FleetScene } from '../fleet-scene.ts';

const APPS = 40;

/** Three regions with many hosts; in the first one a host is overridden, and a release was stopped. */
function bigFleet(hosts = 1_000): FleetStatus {
  const regions = ['east', 'north', 'west'].map((name) => ({
    ...{ name, reachable: true, error: null, objects: [] },
    store: { kind: 'etcd', revision: 120, leader: `op-${name}` },
    apps: Array.from({ length: APPS }, (_, index) => ({
      ...{
        name: `app-${index}`,
        hosts,
        asDesired: hosts - (name === 'east' && index === 7 ? 1 : 0),
        counts: { on: hosts },
      },
    })),
    hosts: Array.from({ length: hosts }, (_, index) => {
      const isWrong = name === 'east' && index === 500;
      return {
        ...{ name: `${name}-${String(index).padStart(4, '0')}`, labels: {}, clock: null, ageMs: 1_000 },
        state: isWrong ? ('override' as const) : ('ok' as const),
        reason: isWrong ? 'app-7 is off by an override on the host: local trouble' : null,
        apps: [{ name: 'app-7', desired: 'on', state: isWrong ? 'off' : 'on', reason: null, override: null }],
      };
    }),
    releases:
      name === 'east'
        ? [{ name: 'envoy-2', state: 'stopped' as const, wave: 1, reason: 'gate hosts: 1 of 3 failed' }]
        : [],
  }));
  return { regions };
}

const FLEET = bigFleet();

/** Presses keys one after the other; `a b` are two keys, and a text in quotes is typed. */
function press(keys: readonly string[], from: ConsoleState = FIRST_STATE, fleet = FLEET) {
  let state = from;
  const effects: ConsoleEffect[] = [];
  for (const key of keys.flatMap((one) => (one.startsWith('"') ? [...one.slice(1)] : [one]))) {
    const next = pressKey(state, key, fleet, 10);
    state = next.state;
    if (next.effect !== null) effects.push(next.effect);
  }
  return { state, effects };
}

function picture(state: ConsoleState, columns: number, rows: number, status: FleetStatus | null = FLEET): string {
  const view = h(ConsoleView, { state, status, ageMs: 500, problem: null, columns, rows });
  return stripVTControlCharacters(renderToString(view, { columns }));
}

test('Enter goes from regions over applications to hosts, Esc goes back', () => {
  const hosts = press(['enter', 'down', 'enter']).state;
  assert.deepEqual([hosts.screen, hosts.region, hosts.app], ['hosts', 'east', 'app-0']);
  const back = press(['escape'], hosts).state;
  assert.deepEqual([back.screen, back.region, back.app], ['applications', 'east', null]);
  assert.deepEqual(press(['escape'], back).state.region, null);
});

test('a search and "only what is wrong" find one host of three thousand', () => {
  const found = press(['3', '/', '"local tr', 'enter']).state;
  assert.deepEqual(
    rowsOf(FLEET, found).map(({ cells }) => cells[0]),
    ['east-0500'],
  );
  const wrong = press(['3', 'w']).state;
  assert.equal(rowsOf(FLEET, wrong).length, 1);
  assert.equal(rowsOf(FLEET, press(['escape'], found).state).length, 3_000);
  assert.equal(press(['3', 'end']).state.cursor, 2_999);
  assert.equal(press(['3', 'end', 'down', 'pageup']).state.cursor, 2_989);
});

test('what wants somebody comes first, and n sorts by name', () => {
  const first = (keys: readonly string[]) => rowsOf(FLEET, press(keys).state)[0]?.cells[0];
  assert.deepEqual([first(['2']), first(['2', 'n']), first(['2', 'n', 'n'])], ['app-7', 'app-0', 'app-7']);
  assert.deepEqual([first(['3']), first(['3', 'n'])], ['east-0500', 'east-0000']);
  const [region] = bigFleet(2).regions;
  assert.ok(region !== undefined);
  const app = (name: string, asDesired: number) => ({ name, hosts: 9, asDesired, counts: {} });
  const apps = [app('a', 9), app('b', 8), app('c', 2), app('d', 8)];
  const gone = { ...region, name: 'zone', reachable: false, error: 'no answer', apps: [], hosts: [], releases: [] };
  const fleet = { regions: [{ ...region, releases: [], apps }, gone] };
  const order = (keys: readonly string[]) => rowsOf(fleet, press(keys).state).map(({ cells }) => cells[0]);
  assert.deepEqual(
    [order(['2']), order(['1'])],
    [
      ['c', 'b', 'd', 'a'],
      ['zone', 'east'],
    ],
  );
});

test('the cursor stays on its row when another look moves it, and in the list when its row is gone', () => {
  const { state } = press(['3', 'down', 'down']);
  assert.equal(rowsOf(FLEET, state)[state.cursor]?.cells[0], 'east-0001');
  const other = bigFleet();
  const [east] = other.regions;
  const row = east?.hosts[900];
  assert.ok(row !== undefined);
  Object.assign(row, { state: 'silent' });
  const kept = keepChosen(state, FLEET, other);
  assert.deepEqual([kept.cursor, rowsOf(other, kept)[kept.cursor]?.cells[0]], [3, 'east-0001']);
  assert.equal(keepChosen(press(['3', 'end']).state, FLEET, bigFleet(2)).cursor, 5);
});

test('nothing is switched without its typed name: other words, a part of it, Enter alone, and Esc change nothing', () => {
  for (const typed of ['', '"app', '"APP-7', '"app-71', '"yes']) {
    const { state, effects } = press(['2', '/', '"app-7', 'enter', 'f', typed, 'enter'].filter((one) => one !== ''));
    assert.deepEqual([effects, state.prompt, state.ran], [[], null, []], typed);
    assert.match(state.message ?? '', /nothing was changed/);
  }
  assert.deepEqual(press(['F', '"all', 'escape']).effects, []);
  const { effects, state } = press(['2', '/', '"app-7', 'enter', 'f', '"app-7 INC-42, it', 'enter']);
  assert.deepEqual(effects, [
    {
      kind: 'run',
      action: { kind: 'switch', action: 'off', app: 'app-7', host: null, region: null },
      reason: 'INC-42, it',
      line: "weir fleet off app-7 --reason 'INC-42, it'",
    },
  ]);
  assert.deepEqual(state.ran, [{ line: "weir fleet off app-7 --reason 'INC-42, it'", outcome: null, isGood: true }]);
  assert.equal(commandEnded(state, state.ran[0]?.line ?? '', 'confirmed', true).ran[0]?.outcome, 'confirmed');
});

test('each change is a command of weir fleet, for the region, application and host that are chosen', () => {
  const line = (keys: readonly string[]) => {
    const { prompt } = press(keys).state;
    return prompt === null ? null : commandLine(commandOf(prompt.action, null));
  };
  assert.equal(line(['F']), 'weir fleet off --all');
  assert.equal(line(['enter', 'O']), 'weir fleet on --all --region east');
  assert.equal(line(['enter', 'o']), 'weir fleet on app-7 --region east');
  assert.equal(line(['enter', 'n', 'enter', 'f']), null);
  assert.equal(
    line(['enter', '/', '"app-7', 'enter', 'enter', 'down', 'f']),
    'weir fleet off app-7 --hosts east-0000 --region east',
  );
  assert.equal(line(['4', 'u']), 'weir fleet rollout undo envoy-2 --region east');
  for (const [key, why] of [
    ['f', /choose an application first/],
    ['u', /is for a release/],
  ] as const) {
    const { state } = press(['3', key]);
    assert.equal(state.prompt, null);
    assert.match(state.message ?? '', why);
  }
  const action = actionOf('x', null, null);
  assert.equal(action, null);
});

test('the picture fits 80x24 and 160x50, with keys, the place in the list, and the prompt', () => {
  for (const [columns, rows] of [
    [80, 24],
    [160, 50],
  ] as const) {
    for (const keys of [[], ['2'], ['3', 'end'], ['4'], ['3', '/', '"0500'], ['F', '"al'], ['4', 'u', '"envoy-2']]) {
      const lines = picture(press(keys).state, columns, rows).split('\n');
      assert.ok(lines.length < rows, `${lines.length} lines of ${rows}`);
      assert.ok(
        lines.every((line) => line.length <= columns),
        keys.join(' '),
      );
    }
    const hosts = picture(press(['3', 'end']).state, columns, rows);
    assert.match(hosts, /3000 of 3000/);
    assert.match(hosts, /> west-0999/);
    assert.match(hosts, /q quit/);
    assert.equal(hosts.split('\n').filter((line) => /west-0\d\d\d/.test(line)).length, pageOf(rows));
    const asked = picture(press(['4', 'u', '"env']).state, columns, rows);
    assert.match(asked, /will run: weir fleet rollout undo envoy-2 --region east/);
    assert.match(asked, /Type envoy-2 to confirm/);
    const wrong = picture(press(['enter', '3', 'w']).state, columns, rows);
    assert.match(wrong, /^east-0500: app-7 is off by an override on the host: local trouble$/m);
    assert.doesNotMatch(wrong, /REGION/);
  }
  assert.match(picture(FIRST_STATE, 80, 24, null), /looking/);
  assert.match(picture(FIRST_STATE, 80, 24), /3 regions, 3000 hosts, 2999 as wanted/);
});

test('what the console runs is what its command would: written, confirmed, and told; a refusal is told too', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  const run = (action: ConsoleAction) =>
    runAction(scene.ports, { action, reason: 'INC-1' }, new AbortController().signal);
  const on: ConsoleAction = { kind: 'switch', action: 'on', app: 'payment', host: null, region: 'east' };
  assert.equal(wordOf(on), 'payment');
  const done = await run(on);
  assert.deepEqual([done.isGood, scene.hosts.get('host-1')?.apps.get('payment')?.state], [true, 'on']);
  assert.match(done.outcome, /confirmed by 1 of 1 host/);
  assert.equal((await run({ ...on, action: 'off', app: null })).isGood, true);
  const refused = await run(on);
  assert.deepEqual([refused.isGood, /red button/.test(refused.outcome)], [false, true]);
  const unknown = await run({ kind: 'rollout', verb: 'undo', release: 'nope', region: 'east' });
  assert.deepEqual([unknown.isGood, /no release nope/.test(unknown.outcome)], [false, true]);
});
