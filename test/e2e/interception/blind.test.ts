/** Answers of weir where it cannot look: without rights, without the tool, elsewhere; judged by real packets. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runWeirBin, WEIR_BIN } from '../../run-weir.ts';
import { LAB_UIDS } from '../lab/lab.ts';
import { untilProgram } from '../lab/lab-process.ts';
import { withOwnMountsShell } from '../lab/own-mounts.ts';
import { weirForAll } from '../lab/weir-for-all.ts';
import { assertRoute, BACKENDS, type Stage, setStage } from './stage.ts';

const COMMANDS = [
  ['off', 'payment'],
  ['off', '--all'],
  ['uninstall'],
  ['confirm'],
  ['confirm', 'payment'],
  ['verify'],
  ['verify', 'payment'],
] as const;
/** Statements that weir must not make without having looked. */
const CONCLUSIONS = /go direct|: off\b|is off|\bok\b|nothing is|removed|confirmed/i;
const NOBODY: readonly [string, ...string[]] = ['setpriv', '--reuid=20003', '--regid=20003', '--clear-groups'];

function directories({ weir }: Stage): Record<string, string> {
  return { WEIR_CONFIG: weir.config, WEIR_RUN_DIR: weir.runDir, WEIR_STATE_DIR: weir.stateDir };
}

for (const backend of BACKENDS) {
  test(`${backend}: without rights every command says that it cannot tell, and traffic stays as it is`, async (t) => {
    const stage = await setStage(`rights-${backend}`, { test: t });
    const { lab, weir } = stage;
    assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
    const env = Object.entries(directories(stage)).map(([name, value]) => `${name}=${value}`);
    const plain = (args: readonly string[]) =>
      lab.client.tool(['env', ...env, ...NOBODY, ...weirForAll(lab.folder), ...args], {
        timeoutMs: 20_000,
        reject: false,
      });
    for (const stateMode of [0o600, 0o644]) {
      chmodSync(join(weir.stateDir, 'state.json'), stateMode);
      for (const args of COMMANDS) {
        const { exitCode, stdout, stderr } = await plain(args);
        assert.equal(exitCode, 3, `${args.join(' ')}: ${stdout}${stderr}`);
        assert.doesNotMatch(stdout, CONCLUSIONS, args.join(' '));
        assert.match(stderr, /as root/, args.join(' '));
      }
    }
    const script = await lab.client.tool([...NOBODY, 'sh', join(weir.runDir, 'off.sh')], {
      timeoutMs: 20_000,
      reject: false,
    });
    assert.deepEqual([script.exitCode, script.stdout], [3, '']);
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
  });

  test(`${backend}: without its tool nothing is called off or direct`, async (t) => {
    const stage = await setStage(`tool-${backend}`, { test: t });
    const { lab, weir } = stage;
    assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
    // A PATH with everything but the firewall tools; weir adds the folders of the system, so they are hidden by mounts.
    const tool =
      backend === 'nft' ? '/usr/sbin/nft' : `/usr/sbin/xtables-${backend === 'iptables-nft' ? 'nft' : 'legacy'}-multi`;
    const hidden = (args: readonly string[]) =>
      lab.client.tool(withOwnMountsShell('mount --bind /dev/null "$0" && exec "$@"', tool, ...args), {
        timeoutMs: 20_000,
        reject: false,
      });
    const env = Object.entries(directories(stage)).map(([name, value]) => `${name}=${value}`);
    for (const args of COMMANDS) {
      const { exitCode, stdout, stderr } = await hidden(['env', ...env, process.execPath, WEIR_BIN, ...args]);
      assert.equal(exitCode, 3, `${args.join(' ')}: ${stdout}${stderr}`);
      assert.doesNotMatch(stdout, CONCLUSIONS, args.join(' '));
    }
    const other = ['env', ...env, `WEIR_STATE_DIR=${join(lab.folder, 'none')}`, process.execPath, WEIR_BIN];
    const noState = await hidden([...other, 'off', 'payment']);
    assert.equal(noState.exitCode, 3, noState.stdout + noState.stderr);
    const script = await hidden(['sh', join(weir.runDir, 'off.sh')]);
    assert.deepEqual([script.exitCode, script.stdout], [3, ''], script.stderr);
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
  });

  test(`${backend}: off, uninstall and off.sh go to the namespace by themselves, the others refuse`, async (t) => {
    const stage = await setStage(`away-${backend}`, { test: t });
    const { weir } = stage;
    const here = (args: readonly string[]) => runWeirBin(args, directories(stage));
    for (const end of ['off', 'off.sh', 'uninstall'] as const) {
      assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
      for (const args of COMMANDS.filter(([name]) => name === 'confirm' || name === 'verify')) {
        const { code, stdout, stderr } = await here(args);
        assert.equal(code, 3, `${args.join(' ')}: ${stdout}${stderr}`);
        assert.match(stderr, /another network namespace/);
        assert.doesNotMatch(stdout, CONCLUSIONS);
      }
      await assertRoute(stage, LAB_UIDS.app, 'proxy');
      const ended =
        end === 'off.sh'
          ? await stage.lab.upstream.tool(['sh', join(weir.runDir, 'off.sh'), 'payment'], {
              timeoutMs: 30_000,
              reject: false,
            })
          : await here(end === 'off' ? ['off', 'payment'] : ['uninstall']);
      assert.equal('code' in ended ? ended.code : ended.exitCode, 0, ended.stderr);
      assert.match(ended.stdout, /new connections go direct/);
      await assertRoute(stage, LAB_UIDS.app, 'direct');
    }
  });

  test(`${backend}: a namespace that only has the number of the remembered one is left alone`, async (t) => {
    const stage = await setStage(`stranger-${backend}`, { test: t });
    const { weir } = stage;
    assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
    const script = join(weir.runDir, 'off.sh');
    for (const file of [join(weir.stateDir, 'state.json'), script]) {
      const text = readFileSync(file, 'utf8');
      const another = text.replace(/("cookie": ?"|netns_cookie='?)\d+/, '$11');
      assert.notEqual(another, text);
      writeFileSync(file, another);
    }
    for (const args of [['off', 'payment'], ['uninstall']]) {
      const { code, stdout, stderr } = await runWeirBin(args, directories(stage));
      assert.equal(code, 3, `${args.join(' ')}: ${stdout}${stderr}`);
      assert.match(stderr, /no process and no name of that namespace is found from here/);
      assert.doesNotMatch(stdout, CONCLUSIONS);
    }
    const pressed = await stage.lab.upstream.tool(['sh', script], { timeoutMs: 30_000, reject: false });
    assert.equal(pressed.exitCode, 3, pressed.stdout);
    assert.match(pressed.stderr, /another one's by now/);
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
  });
}

test('a namespace whose process is gone is found by another one in it, and a reused number is not believed', async (t) => {
  const stage = await setStage('gone', { test: t });
  const { lab, weir } = stage;
  const first = lab.start(lab.client, ['sleep', '300']);
  await untilProgram(first, 'sleep');
  const env = directories(stage);
  const on = await runWeirBin(['on', 'payment', '--netns', String(first.pid)], env);
  assert.equal(on.code, 0, on.stderr);
  await assertRoute(stage, LAB_UIDS.app, 'proxy');
  await first.stop();
  // The number means another namespace now: as after a wrap of the process numbers.
  const stranger = lab.start(lab.upstream, ['sleep', '300']);
  await untilProgram(stranger, 'sleep');
  const state = join(weir.stateDir, 'state.json');
  const before = readFileSync(state, 'utf8');
  const after = before.replace(new RegExp(`("netns": ?)"${first.pid}"`), `$1"${stranger.pid}"`);
  assert.notEqual(after, before);
  writeFileSync(state, after);
  const off = await runWeirBin(['off', 'payment', '--netns', String(stranger.pid)], env);
  assert.equal(off.code, 0, off.stderr);
  await assertRoute(stage, LAB_UIDS.app, 'direct');
});
