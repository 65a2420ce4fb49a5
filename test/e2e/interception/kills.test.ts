/** Commands killed at any moment, on real back ends. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../until.ts';
import { LAB_UIDS } from '../lab/lab.ts';
import { assertRoute, BACKENDS, type Stage, setStage } from './stage.ts';

/** How many times each command is killed, a back end. On the fake host it is killed between any two steps. */
const KILLS = 4;

/** Starts weir and SIGKILLs it after a while; resolves to whether it was still running. */
async function killAfter(stage: Stage, args: readonly string[], ms: number): Promise<boolean> {
  const process = stage.weir.start(args);
  await sleep(ms);
  process.kill();
  const { signal } = await process.ended;
  return signal === 'SIGKILL';
}

for (const backend of BACKENDS) {
  test(`${backend}: on, off and uninstall killed at any moment are whole after a second run`, async (t) => {
    const stage = await setStage(`kills-${backend}`, { test: t });
    const { weir } = stage;
    const untouched = await stage.listing();
    let killed = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      // From before the first change to after the last one, wherever this machine's speed puts them.
      const ms = 120 + (kill * 600) / KILLS;
      killed += (await killAfter(stage, ['on', 'payment', '--backend', backend], ms)) ? 1 : 0;
      const again = await weir.json(['on', 'payment', '--backend', backend]);
      assert.equal(again.code, 0, again.stdout);
      await assertRoute(stage, LAB_UIDS.app, 'proxy');
      killed += (await killAfter(stage, ['off', 'payment'], ms)) ? 1 : 0;
      assert.equal((await weir.json(['off', 'payment', '--existing', 'cut'])).code, 0);
      await assertRoute(stage, LAB_UIDS.app, 'direct');
      assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
      killed += (await killAfter(stage, ['uninstall', '--existing', 'cut'], ms)) ? 1 : 0;
      const gone = await weir.json(['uninstall', '--existing', 'cut']);
      assert.equal(gone.code, 0, JSON.stringify(gone.json));
      assert.equal(await stage.listing(), untouched);
    }
    assert.ok(killed > 0, 'no run was killed in time');
  });
}

/** The tools of a back end that change rules. */
const CHANGING = {
  nft: ['nft'],
  'iptables-nft': ['iptables-nft-restore', 'ip6tables-nft-restore'],
  'iptables-legacy': ['iptables-legacy-restore', 'ip6tables-legacy-restore'],
};

for (const backend of BACKENDS) {
  test(`${backend}: a tool that outlives its killed command has done what it was told before the next one begins`, async (t) => {
    const stage = await setStage(`late-${backend}`, { test: t });
    const { weir, lab } = stage;
    const bin = join(lab.folder, 'bin');
    const [held, go] = [join(lab.folder, 'held'), join(lab.folder, 'go')];
    mkdirSync(bin);
    for (const tool of CHANGING[backend]) {
      // What feeds rules waits, the first time.
      const wait = `if [ ! -e ${held} ]; then touch ${held}; while [ ! -e ${go} ]; do sleep 0.1; done; fi`;
      const script = `#!/bin/sh\ncase "$* " in *-f*|*--noflush*) ${wait} ;; esac\nexec /usr/sbin/${tool} "$@"\n`;
      writeFileSync(join(bin, tool), script, { mode: 0o755 });
    }
    const on = ['on', 'payment', '--backend', backend];
    const killed = weir.start(on, { PATH: `${bin}:${process.env.PATH}` });
    try {
      await until('the tool', async () => existsSync(held));
      killed.kill();
      await killed.ended;
      const again = weir.start(on);
      await again.line(/waiting for another weir: weir on payment or a tool that it started/);
      writeFileSync(go, '');
      assert.equal((await again.ended).code, 0, again.output());
    } finally {
      writeFileSync(go, '');
    }
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
    const [app] = (await weir.json(['status', 'payment'])).json.result.apps;
    assert.deepEqual([app.state, app.drift], ['on', []]);
  });
}
