/** `weir console` on a real terminal, with a real store. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { fillStore } from '../../../scripts/bench/fleet/fill-store.ts';
import { cleanEnvironment, runWeirBin, WEIR_BIN } from '../../run-weir.ts';
import { EtcdLab } from './etcd-lab.ts';

test('the console shows the fleet, changes nothing without the name, and gives the terminal back at Ctrl-C', {
  timeout: 180_000,
}, async (t) => {
  const lab = await EtcdLab.open(t);
  await fillStore(lab.store(), { region: 'east', hosts: 50, apps: 3, wrongEvery: 10 });
  const command = `${process.execPath} ${WEIR_BIN} console --fleet-config ${lab.config}`;
  // What stty says at the end is what a shell would find.
  const child = spawn('script', ['-qfec', `stty cols 100 rows 30; ${command}; echo END $?; stty -a`, '/dev/null'], {
    env: cleanEnvironment({ TERM: 'xterm' }),
  });
  const closed = once(child, 'close');
  t.after(() => child.kill('SIGKILL'));
  let raw = '';
  child.stdout.on('data', (chunk: Buffer) => {
    raw += chunk.toString();
  });
  let from = 0;
  // What is drawn after the keys: a picture of before may hold the same words.
  const type = (keys: string) => {
    from = raw.length;
    child.stdin.write(keys);
  };
  const until = async (what: RegExp) => {
    for (let tries = 0; tries < 600; tries += 1) {
      if (what.test(stripVTControlCharacters(raw.slice(from)))) return;
      await sleep(100);
    }
    throw new Error(`never saw ${what}: ${stripVTControlCharacters(raw).slice(-2000)}`);
  };
  await until(/50 hosts/);
  assert.ok(raw.includes('\x1b[?1049h'), 'a screen of its own');
  type('2');
  await until(/APPLICATION +HOSTS/);
  // The application with the most hosts that are not as wanted comes first.
  type('f');
  await until(/will run: weir fleet off app-02/);
  type('x\r');
  await until(/not confirmed \(app-02 was to be typed\)/);
  type('n');
  await until(/wrong first/);
  type('f');
  await until(/will run: weir fleet off app-01/);
  type('app-02\r');
  await until(/not confirmed \(app-01 was to be typed\)/);
  type('f');
  await until(/will run: weir fleet off app-01/);
  type('app-01 INC-7\r');
  await until(/\$ weir fleet off app-01 --reason INC-7 {3}[^.]/);
  type('\x03');
  await until(/END 0/);
  await closed;
  const text = stripVTControlCharacters(raw);
  assert.ok(raw.includes('\x1b[?1049l'), 'the screen before it is back');
  assert.match(text, /[^-]icanon/);
  assert.match(text.slice(text.lastIndexOf('weir fleet off app-01')), /^weir fleet off app-01 --reason INC-7\r?\n/);
  const { stdout } = await runWeirBin(['fleet', 'history', '--fleet-config', lab.config, '--json']);
  assert.deepEqual(
    JSON.parse(stdout).result.entries.map(({ verb, name, why }: Record<string, string>) => [verb, name, why]),
    [['off', 'switch-app-01', 'INC-7']],
  );
});

test('without a terminal the console says what programs take instead', async () => {
  const { code, stdout } = await runWeirBin(['console', '--json']);
  assert.equal(code, 2);
  assert.match(JSON.parse(stdout).error.hint, /weir fleet status --json/);
  assert.equal((await runWeirBin(['console'])).code, 2);
});
