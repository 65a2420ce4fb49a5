/** The real surroundings of a supervisor: its socket, its signals, and what it leaves in the run directory. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keptFolder } from '../../../src/sidecar/adapters/open-sidecar.ts';
import { openSupervisorPorts } from '../../../src/sidecar/adapters/open-supervisor-ports.ts';
import { processSignals } from '../../../src/sidecar/adapters/process-signals.ts';
import { noteSettled, readSettled } from '../../../src/sidecar/adapters/settled-file.ts';
import type { SidecarSpec } from '../../../src/sidecar/ports.ts';
import { SupervisorProcess } from '../../../src/sidecar/supervisor/supervisor-process.ts';
import type { ControlHandlers } from '../../../src/sidecar/supervisor-ports.ts';

const SPEC: SidecarSpec = {
  ...{ name: 'main', uid: null, gid: null, readyPath: '/ready', binary: '/none/envoy', bootstrap: '/none/envoy.json' },
  ...{ admin: { kind: 'unix', path: '/none/admin.sock' }, ports: [], concurrency: 1, drainMs: 1000, notify: null },
  ...{ args: [], env: {}, capabilities: [], sha256: null, check: null, bakeMs: 0, bakeBytes: null, spreadMs: 0 },
};

async function opened(t: TestContext, version: string | null = null) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-supervisor-'));
  const before = process.env.SIDECARSET_VERSION;
  t.after(() => {
    rmSync(folder, { recursive: true });
    if (before === undefined) delete process.env.SIDECARSET_VERSION;
    else process.env.SIDECARSET_VERSION = before;
  });
  if (version === null) delete process.env.SIDECARSET_VERSION;
  else process.env.SIDECARSET_VERSION = version;
  const folders = { runDir: join(folder, 'run'), stateDir: join(folder, 'state') };
  const told = new AbortController();
  // As the host of the sidecar prepares it.
  mkdirSync(keptFolder(folders.runDir, 'main', version), { recursive: true });
  const open = () =>
    openSupervisorPorts(folders, SPEC, {
      signals: processSignals(told.signal),
      process: new SupervisorProcess({
        facts: () => ({ pid: 1, weir: { version: '0', entry: '/weir', mark: null }, handoff: null }),
        obstacle: null,
        trial: async () => {},
      }),
      readSpec: async () => ({ ...SPEC, drainMs: 7 }),
      firstPair: async () => 'a pair',
    });
  return { ports: await open(), open, told, folders };
}

/** Handlers that know no request but `hand-over`. */
function handingOver(steps: string[]): ControlHandlers {
  const notHere = async (): Promise<never> => {
    throw new TypeError('nobody asks for this');
  };
  const others = { upgrade: notHere, follow: notHere, abort: notHere, status: notHere, supervisor: notHere };
  return {
    ...{ ...others, 'reopen-logs': notHere, stop: notHere, replace: notHere },
    'hand-over': async () => {
      steps.push('stepped down');
      return { steppedDown: true };
    },
  };
}

test('the one who holds the socket is asked to step down, and nobody else takes it meanwhile', async (t) => {
  const { ports, open } = await opened(t);
  const steps: string[] = [];
  assert.deepEqual(await ports.askToHandOver(), { kind: 'nobody' });
  const control = await ports.serveControl(handingOver(steps));
  const second = await open();
  await assert.rejects(second.serveControl(handingOver([])), { code: 'WEIR4001' });
  assert.deepEqual(await second.askToHandOver(), { kind: 'result', result: { steppedDown: true } });
  assert.deepEqual(steps, ['stepped down']);
  await control.close();
  const next = await second.serveControl(handingOver([]));
  await next.close();
});

test('one who holds the lock and whose socket is not reached is said to be elsewhere', async (t) => {
  const { ports, open, folders } = await opened(t);
  const control = await ports.serveControl(handingOver([]));
  // As it looks from another mount namespace: the abstract name is seen, the file is not.
  rmSync(join(folders.runDir, 'main', 'control.sock'));
  const second = await open();
  await assert.rejects(second.serveControl(handingOver([])), {
    code: 'WEIR4001',
    why: /in another container or mount namespace/,
    hint: /another --run-dir/,
  });
  await control.close();
});

test('signals are heard from the moment they are asked for until they are given back', async (t) => {
  const { ports, told } = await opened(t);
  const listeners = () => [process.listenerCount('SIGHUP'), process.listenerCount('SIGUSR1')];
  const before = listeners();
  const heard: string[] = [];
  const giveBack = ports.onSignals({
    upgrade: () => heard.push('upgrade'),
    reopen: () => heard.push('reopen'),
    stop: () => heard.push('stop'),
  });
  const own = (name: 'SIGHUP' | 'SIGUSR1') => process.listeners(name).at(-1);
  own('SIGHUP')?.('SIGHUP');
  own('SIGUSR1')?.('SIGUSR1');
  assert.equal(ports.isToldToStop(), false);
  told.abort();
  assert.deepEqual([heard, ports.isToldToStop()], [['upgrade', 'reopen', 'stop'], true]);
  giveBack();
  assert.deepEqual(listeners(), before);
});

test('the note for wait-settled is that of a container, and an earlier one is forgotten at its start', async (t) => {
  const { ports, open, folders } = await opened(t, '4711');
  const kept = keptFolder(folders.runDir, 'main', '4711');
  await noteSettled(kept, { upgrade: null, problem: 'of the run before' });
  await open();
  assert.equal(await readSettled(kept), null);
  await ports.note(null, 'the other container lives on');
  assert.equal((await readSettled(kept))?.problem, 'the other container lives on');
});

test('outside of a pod there is no note, no peer, and a door that nobody comes through', async (t) => {
  const { ports, folders } = await opened(t);
  await ports.note(null, 'nobody waits');
  assert.equal(await readSettled(keptFolder(folders.runDir, 'main', null)), null);
  assert.equal(await ports.openPeer(), null);
  const { end } = await ports.openDoor();
  const peer = await ports.openPeer();
  await peer?.retire();
  assert.equal(await end, 'retired');
  assert.deepEqual([ports.pid, (await ports.readSpec()).drainMs, await ports.firstPair()], [process.pid, 7, 'a pair']);
});
