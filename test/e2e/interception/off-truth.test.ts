/** `off` and off.sh on hosts with broken rules or tools: their effect and their answers, judged by real packets. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WEIR_BIN } from '../../run-weir.ts';
import { until } from '../../until.ts';
import { LAB_UIDS } from '../lab/lab.ts';
import { withOwnMountsShell } from '../lab/own-mounts.ts';
import { assertRoute, BACKENDS, type Stage, setStage } from './stage.ts';

type Argv = readonly [string, ...string[]];

function environment({ weir }: Stage): string[] {
  return [`WEIR_CONFIG=${weir.config}`, `WEIR_RUN_DIR=${weir.runDir}`, `WEIR_STATE_DIR=${weir.stateDir}`];
}

const inside = ({ lab }: Stage, argv: Argv) => lab.client.tool(argv, { timeoutMs: 30_000, reject: false });

for (const backend of BACKENDS) {
  test(`${backend}: a connection with somebody else's mark is left alone, and no switch writes that mark`, async (t) => {
    const stage = await setStage(`mark-${backend}`, { test: t });
    const { lab, weir } = stage;
    const tool = backend === 'iptables-legacy' ? 'iptables-legacy' : 'iptables-nft';
    const on = await weir.json(['on', 'payment', '--backend', backend]);
    assert.equal(on.code, 0, JSON.stringify(on.json));
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
    // Marks every connection before the nat hook, as routing by connection mark does.
    await lab.client.sh(`${tool} -t mangle -A OUTPUT -p tcp --dport 8080 -j CONNMARK --set-mark 0x2`);
    const marks = async () => (await lab.client.sh('conntrack -L -p tcp --dport 8080')).stdout;
    for (const end of ['on', 'off.sh', 'off'] as const) {
      if (end === 'off.sh') await inside(stage, ['sh', join(weir.runDir, 'off.sh'), 'payment']);
      if (end === 'off') assert.equal((await weir.json(['off', 'payment', '--existing', 'keep'])).code, 0);
      await lab.client.sh('conntrack -D -p tcp --dport 8080').catch(() => null);
      await assertRoute(stage, LAB_UIDS.app, 'direct');
      const listed = await marks();
      assert.match(listed, /mark=2/, end);
      assert.doesNotMatch(listed, /mark=(?!2)\d/, end);
    }
  });

  test(`${backend}: a limit of open files is never "nothing was changed" after the switch`, async (t) => {
    const stage = await setStage(`pids-${backend}`, { test: t });
    const { weir } = stage;
    assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
    const limited = ['prlimit', '--nofile=34', process.execPath, WEIR_BIN, 'off', 'payment'];
    const off = await inside(stage, ['env', ...environment(stage), ...limited]);
    assert.ok(off.exitCode === 0 || off.exitCode === 1 || off.exitCode === 3, `${off.exitCode} ${off.stderr}`);
    const isDirect = off.stdout.includes('new connections go direct') || /kernel took the switch/.test(off.stderr);
    assert.equal(off.exitCode === 3, !isDirect, off.stdout + off.stderr);
    await assertRoute(stage, LAB_UIDS.app, isDirect ? 'direct' : 'proxy');
    assert.equal((await weir.json(['off', 'payment'])).code, 0);
    await assertRoute(stage, LAB_UIDS.app, 'direct');
  });

  test(`${backend}: a full disk is no bug of weir: on refuses with its name, off works`, async (t) => {
    const stage = await setStage(`disk-${backend}`, { test: t });
    const { weir } = stage;
    assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
    const full: Argv = withOwnMountsShell(
      'mount -t tmpfs -o size=16k none "$0" && head -c 100000 /dev/zero >"$0/fill" 2>/dev/null; shift 0; exec "$@"',
    );
    const on = await inside(stage, [
      ...full,
      weir.runDir,
      'env',
      ...environment(stage),
      process.execPath,
      WEIR_BIN,
      'on',
      'report',
      '--backend',
      backend,
    ]);
    assert.equal(on.exitCode, 3, on.stdout + on.stderr);
    assert.match(on.stderr, /ENOSPC|no space/i);
    await assertRoute(stage, LAB_UIDS.other, 'direct');
    const off = await inside(stage, [
      ...full,
      weir.runDir,
      'env',
      ...environment(stage),
      process.execPath,
      WEIR_BIN,
      'off',
      'payment',
    ]);
    assert.equal(off.exitCode, 0, off.stdout + off.stderr);
    assert.match(off.stdout, /new connections go direct/);
    await assertRoute(stage, LAB_UIDS.app, 'direct');
  });

  test(`${backend}: off of what is off says so, and a drain that ends by itself is counted`, async (t) => {
    const stage = await setStage(`drain-${backend}`, { test: t });
    const { weir } = stage;
    assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
    const streams = await stage.streams(LAB_UIDS.app, 2);
    const process = weir.start(['off', 'payment', '--drain', '20s']);
    await process.line(/new connections go direct/);
    await streams.stop();
    await process.line(/2 drained, 0 cut/);
    await process.ended;
    const again = await weir.run(['off', 'payment']);
    assert.deepEqual([again.code, again.stdout], [0, 'payment: is off already\n']);
  });
}

for (const [existing, isBusy] of [
  ['drain', false],
  ['keep', false],
  ['drain', true],
] as const) {
  test(`connections that end between the switch and the look have drained: ${existing}, ${isBusy ? 'many' : 'few'} others`, async (t) => {
    const stage = await setStage('ending', { test: t });
    const { lab, weir } = stage;
    assert.equal((await weir.json(['on', 'payment', '--backend', 'nft'])).code, 0);
    const streams = await stage.streams(LAB_UIDS.app, 2);
    if (isBusy) {
      const load = await stage.load(LAB_UIDS.other, 200, 2);
      await load.done();
    }
    // nft returns from the switch only when the connections have ended.
    const tools = join(lab.folder, 'tools');
    mkdirSync(tools);
    const go = join(lab.folder, 'go');
    writeFileSync(
      join(tools, 'nft'),
      `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
nft "$@" || exit
[ "$1" = -f ] || exit 0
echo switched >"${go}.switched"
tries=0
until [ -e "${go}" ] || [ $tries = 600 ]; do sleep 0.05; tries=$((tries + 1)); done
`,
      { mode: 0o755 },
    );
    const off = weir.run(['off', 'payment', '--existing', existing, '--json'], {
      PATH: `${tools}:${process.env.PATH}`,
    });
    await until('the switch', async () => existsSync(`${go}.switched`));
    await streams.stop();
    writeFileSync(go, '');
    const { code, stdout } = await off;
    assert.equal(code, 0, stdout);
    const { result, warnings } = JSON.parse(stdout);
    assert.deepEqual(result.apps[0].connections, { proxied: 0, cut: 0, drained: 2 }, warnings.join());
  });
}

for (const gone of ['ct mark @off', 'map @out_uid_mark']) {
  for (const end of ['off.sh', 'off'] as const) {
    test(`nft: the rule "${gone}" was deleted by hand: ${end} sends it direct all the same`, async (t) => {
      const stage = await setStage('deleted', { test: t });
      const { lab, weir } = stage;
      assert.equal((await weir.json(['on', 'payment', '--backend', 'nft'])).code, 0);
      const { stdout } = await lab.client.sh('nft -a list table inet weir');
      let chain = '';
      for (const line of stdout.split('\n')) {
        chain = /^\tchain (\S+)/.exec(line)?.[1] ?? chain;
        const handle = line.includes(gone) ? / # handle (\d+)$/.exec(line)?.[1] : undefined;
        if (handle !== undefined) await lab.client.sh(`nft delete rule inet weir ${chain} handle ${handle}`);
      }
      await assertRoute(stage, LAB_UIDS.app, 'proxy');
      if (end === 'off.sh') {
        const script = await inside(stage, ['sh', join(weir.runDir, 'off.sh'), 'payment']);
        assert.deepEqual([script.exitCode, script.stdout], [0, 'payment: new connections go direct\n'], script.stderr);
      } else {
        const off = await weir.json(['off', 'payment']);
        assert.equal(off.code, 0, JSON.stringify(off.json));
      }
      await assertRoute(stage, LAB_UIDS.app, 'direct');
    });
  }
}

test('nft: a mark was taken away by hand: off sends the application direct all the same, and status says what is', async (t) => {
  const stage = await setStage('unmarked', { test: t });
  const { lab, weir } = stage;
  assert.equal((await weir.json(['on', 'payment', 'report', '--backend', 'nft'])).code, 0);
  await lab.client.sh(`nft delete element inet weir out_uid_mark { ${LAB_UIDS.app} }`);
  await assertRoute(stage, LAB_UIDS.app, 'proxy');
  const status = await weir.json(['status', 'payment']);
  const { state, reason } = status.json.result.apps[0];
  assert.equal(state, 'drifted');
  assert.doesNotMatch(reason, /goes direct/);
  assert.equal((await weir.json(['off', 'payment'])).code, 0);
  await assertRoute(stage, LAB_UIDS.app, 'direct');
  await assertRoute(stage, LAB_UIDS.other, 'proxy');
});
