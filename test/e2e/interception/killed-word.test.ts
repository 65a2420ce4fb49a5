/** What status says right after a command was killed beside a tool that changes rules, and where connections go then. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Backend } from '../../../src/interception/backend.ts';
import { cleanEnvironment, WEIR_BIN } from '../../run-weir.ts';
import { until } from '../../until.ts';
import { LAB_UIDS } from '../lab/lab.ts';
import { BACKENDS, type Stage, setStage } from './stage.ts';

/** The tools of a back end that change rules. */
const CHANGING: Readonly<Record<Backend, readonly string[]>> = {
  nft: ['nft'],
  'iptables-nft': ['iptables-nft-restore', 'ip6tables-nft-restore'],
  'iptables-legacy': ['iptables-legacy-restore', 'ip6tables-legacy-restore'],
};

/** Runs commands that are killed. */
interface Killer {
  /** Kills the command right after its change of that number; resolves to whether it came so far. */
  kill(argv: readonly string[], change: number): Promise<boolean>;
}

/** Puts scripts in front of the tools: the one whose turn it is kills the command when it has done its work. */
function makeKiller({ lab, weir }: Stage, backend: Backend): Killer {
  const [bin, changes, pid, at] = ['bin', 'changes', 'pid', 'turn'].map((name) => join(lab.folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  mkdirSync(bin);
  for (const tool of CHANGING[backend]) {
    const script = `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
case " $* " in *" -c "*|*" --test "*) exec ${tool} "$@" ;; *" -f "*|*" --noflush "*) ;; *) exec ${tool} "$@" ;; esac
change=1
until mkdir "${changes}/$change" 2>/dev/null; do change=$((change + 1)); done
${tool} "$@"
code=$?
if [ "$(cat "${at}")" = $change ]; then kill -9 "$(cat "${pid}")"; fi
exit $code
`;
    writeFileSync(join(bin, tool), script, { mode: 0o755 });
  }
  const env = Object.fromEntries(
    Object.entries(
      cleanEnvironment({
        ...{ PATH: `${bin}:${process.env.PATH}`, WEIR_CONFIG: weir.config },
        ...{ WEIR_RUN_DIR: weir.runDir, WEIR_STATE_DIR: weir.stateDir },
      }),
    ).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return {
    async kill(argv, change) {
      rmSync(changes, { recursive: true, force: true });
      mkdirSync(changes);
      writeFileSync(at, String(change));
      const shell = ['sh', '-c', `echo $$ >"$0"; exec "$@"`, pid, ...argv];
      const { signal } = await lab.start(lab.client, shell, { env }).ended;
      // What the tools were told they do, also the one of the other family.
      await until('the tools', async () => !isAtWork(weir.runDir));
      return signal === 'SIGKILL';
    },
  };
}

/** Whether a process has the run directory in its environment: the command, or a tool that it started. */
function isAtWork(runDir: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`WEIR_RUN_DIR=${runDir}\0`);
    } catch {
      return false;
    }
  });
}

/** A command, and what comes before it. */
interface Story {
  readonly name: string;
  readonly prepare: readonly (readonly string[])[];
  readonly argv: (stage: Stage) => readonly string[];
}

function stories(backend: Backend): readonly Story[] {
  const on = ['on', 'payment', '--backend', backend];
  const gone = ['uninstall', '--existing', 'cut'];
  const weir = (args: readonly string[]) => () => [process.execPath, WEIR_BIN, ...args];
  return [
    { name: 'on', prepare: [gone], argv: weir(on) },
    { name: 'confirm', prepare: [gone, [...on, '--confirm', '120s']], argv: weir(['confirm']) },
    { name: 'off', prepare: [on], argv: weir(['off', 'payment']) },
    { name: 'off.sh', prepare: [on], argv: (stage) => ['sh', join(stage.weir.runDir, 'off.sh'), 'payment'] },
  ];
}

/** The families that new connections of the application take through its sidecar; null when that changed meanwhile. */
async function taken(stage: Stage): Promise<{ ipv4: boolean; ipv6: boolean } | null> {
  const both = await Promise.all(([4, 6] as const).map((family) => stage.routes(LAB_UIDS.app, family)));
  for (const { failed } of both) assert.equal(failed, 0, JSON.stringify(both));
  const [ipv4, ipv6] = both.map(({ proxy }) => proxy > 0);
  return both.some(({ direct, proxy }) => direct > 0 && proxy > 0)
    ? null
    : { ipv4: ipv4 === true, ipv6: ipv6 === true };
}

/** Asserts that the word of status about the application is what its connections do. */
async function assertWord(stage: Stage, when: string): Promise<void> {
  const look = async () => {
    const [{ state, families, reason }] = (await stage.weir.json(['status', 'payment'])).json.result.apps;
    return { state, families, reason };
  };
  for (;;) {
    const said = await look();
    const real = await taken(stage);
    if (real === null) continue;
    const isDirect = !real.ipv4 && !real.ipv6;
    const fitting = isDirect ? ['off'] : real.ipv4 && real.ipv6 ? ['on', 'unconfirmed', 'drifted'] : ['drifted'];
    if (isDeepStrictEqual(said.families, real) && fitting.includes(said.state)) return;
    // The kernel may have ended a trial between the two looks.
    assert.notDeepEqual(
      await look(),
      said,
      `${when}: status says ${JSON.stringify(said)}, packets: ${JSON.stringify(real)}`,
    );
  }
}

for (const backend of BACKENDS) {
  test(`${backend}: right after any change that a command was killed at, status says what a new connection does`, async (t) => {
    const stage = await setStage('killed-word', { test: t });
    const killer = makeKiller(stage, backend);
    for (const { name, prepare, argv } of stories(backend)) {
      for (let change = 1; ; change += 1) {
        for (const args of prepare) {
          // On a busy machine a probe may get no answer in time, and `on` rolls back: that is told, and not what is tried here.
          await until(args.join(' '), async () => {
            const { code, stdout } = await stage.weir.json(args);
            if (code !== 0) t.diagnostic(stdout);
            return code === 0;
          });
        }
        const isKilled = await killer.kill(argv(stage), change);
        if (!isKilled && change > 1) break;
        assert.ok(isKilled, `${name} changes nothing`);
        await assertWord(stage, `${name}, killed after change ${change}`);
      }
    }
  });
}
