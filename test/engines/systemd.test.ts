/** The units of the package on a real systemd as process 1, with real Envoys, under load. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMemoryLimit } from '../e2e/sidecar/memory-limit.ts';
import { otherWeir } from '../e2e/sidecar/other-weir.ts';
import { sidecarBootstrap } from '../e2e/sidecar/sidecar-bootstrap.ts';
import { PROJECT_ROOT } from '../run-weir.ts';
import { SOURCE, SystemdMachine } from './systemd-machine.ts';

const NODE = `${SOURCE}/node_modules/node/bin/node`;
const ENVOY = { old: `${SOURCE}/.cache/envoy/1.39.3/envoy`, new: `${SOURCE}/.cache/envoy/1.40.0/envoy` } as const;
const UPSTREAM = 18_000;
const PORTS = { s1: 15_001, s2: 15_002 } as const;
type Name = keyof typeof PORTS;
const NAMES = Object.keys(PORTS) as Name[];

let machine: SystemdMachine;
let load: ChildProcess;

async function configure(binaries: Readonly<Record<Name, string>>): Promise<void> {
  const sidecars: Record<string, object> = {};
  for (const name of NAMES) {
    const [port, bootstrap] = [PORTS[name], `/etc/weir/${name}.json`];
    const run = `/run/weir/${name}`;
    const paths = { adminPath: `${run}/admin.sock`, accessLog: `${run}/access.log` };
    await machine.write(
      bootstrap,
      JSON.stringify(sidecarBootstrap({ port, upstreamPort: UPSTREAM, label: name, ...paths })),
    );
    const admin = `unix:${run}/admin.sock`;
    sidecars[name] = {
      user: 'nobody',
      outbound: port,
      admin,
      binary: binaries[name],
      bootstrap,
      concurrency: 1,
      drain: '15s',
    };
  }
  await machine.write('/etc/weir/mesh.yaml', JSON.stringify({ apiVersion: 'weir.dev/v1', sidecars, apps: {} }));
}

/** Makes the weir of a folder below /srv/shared that of the machine. */
async function install(folder: string): Promise<void> {
  await machine.write('/usr/bin/weir', `#!/bin/sh\nexec ${NODE} /srv/shared/${folder}/bin/run.js "$@"\n`, 0o755);
}

// biome-ignore lint/suspicious/noExplicitAny: results differ by command.
function weir(...args: readonly string[]): any {
  const { out } = machine.run('weir', ...args, '--json');
  const line = out.split('\n').find((text) => text.startsWith('{')) ?? '';
  return JSON.parse(line || `{"said":${JSON.stringify(out)}}`);
}

interface Seen {
  readonly pid: number;
  readonly version: string;
  readonly state: string;
}

function status(): Record<Name, Seen> {
  const { result } = weir('sidecar', 'status');
  return Object.fromEntries(result.sidecars.map((one: Seen & { name: Name }) => [one.name, one])) as Record<Name, Seen>;
}

async function untilLive(names: readonly Name[] = NAMES): Promise<void> {
  await machine.until(`${names} to be live`, async () => names.every((name) => status()[name].state === 'live'));
}

function systemctl(...args: readonly string[]): void {
  const { code, out } = machine.run('systemctl', ...args);
  assert.equal(code, 0, `systemctl ${args.join(' ')}: ${out}\n${machine.log()}`);
}

async function startLoad(): Promise<void> {
  const program = `${SOURCE}/test/engines/programs/systemd-load.ts`;
  load = machine.start(NODE, program, String(UPSTREAM), ...Object.values(PORTS).map(String));
  await said();
}

async function said(): Promise<string> {
  if (load.stdout === null) throw new Error('the load has no output');
  for await (const line of createInterface({ input: load.stdout })) return line;
  throw new Error('the load has ended');
}

/** Does something under load; resolves to the counts. */
async function underLoad(t: TestContext, act: () => Promise<void>): Promise<{ lost: number; duplicated: number }> {
  load.stdin?.write('begin\n');
  await sleep(1000);
  await act();
  await sleep(1000);
  load.stdin?.write('count\n');
  const counts = JSON.parse(await said());
  t.diagnostic(JSON.stringify(counts));
  return counts;
}

const NONE = { lost: 0, duplicated: 0 };
const lossOf = ({ lost, duplicated }: { lost: number; duplicated: number }) => ({ lost, duplicated });

before(async () => {
  machine = await SystemdMachine.start();
  for (const [folder, version] of [
    ['weir-1', '0.1.0'],
    ['weir-2', '0.2.0'],
  ] as const) {
    const entry = await otherWeir(machine.shared, version);
    await cp(join(entry, '..', '..'), join(machine.shared, folder), {
      recursive: true,
      filter: (file) => !file.endsWith('node_modules'),
    });
  }
  await install('weir-1');
  await configure({ s1: ENVOY.old, s2: ENVOY.old });
  for (const unit of ['weir-sidecars.service', 'weir-sidecar@.service']) {
    await mkdir(join(machine.shared, 'units'), { recursive: true });
    await cp(join(PROJECT_ROOT, 'packaging', unit), join(machine.shared, 'units', unit));
    machine.run('cp', `/srv/shared/units/${unit}`, `/etc/systemd/system/${unit}`);
  }
  systemctl('daemon-reload');
  await startLoad();
});
after(async () => {
  load?.kill('SIGKILL');
  await machine?.close();
});

for (const [unit, names] of [
  ['weir-sidecars.service', NAMES],
  ['weir-sidecar@s1.service', ['s1']],
] as const) {
  describe(`${unit} on a real systemd`, () => {
    const mainPid = () => Number(machine.property(unit, 'MainPID'));

    it('start returns when the sidecars are live, and the status says so', async () => {
      await configure({ s1: ENVOY.old, s2: ENVOY.old });
      await install('weir-1');
      // Of the unit before.
      systemctl('stop', 'weir-sidecars.service', 'weir-sidecar@s1.service', 'weir-sidecar@s2.service');
      systemctl('start', unit);
      const found = status();
      for (const name of names) assert.equal(found[name].state, 'live');
      assert.match(machine.property(unit, 'StatusText'), /2 of 2 sidecars live|s1 is live/);
      // The other tests of this unit have load on both ports.
      if (names.length === 1) systemctl('start', 'weir-sidecar@s2.service');
    });

    it('reload upgrades to what mesh.yaml names', async (t) => {
      const counts = await underLoad(t, async () => {
        await configure({ s1: ENVOY.new, s2: ENVOY.old });
        systemctl('reload', unit);
        await machine.until(
          'the new Envoy',
          async () => status().s1.version === '1.40.0' && status().s1.state === 'live',
        );
      });
      assert.deepEqual(lossOf(counts), NONE);
    });

    it('reload replaces weir by the one that is installed now; neither the process nor Envoy changes', async (t) => {
      const [pid, before] = [mainPid(), status()];
      const counts = await underLoad(t, async () => {
        await install('weir-2');
        systemctl('reload', unit);
        await untilLive();
      });
      assert.deepEqual(lossOf(counts), NONE);
      const found = weir('sidecar', 'handoff', 's1');
      assert.deepEqual(
        [found.result?.supervisors[0].outcome, found.result?.supervisors[0].to.version],
        ['unchanged', '0.2.0'],
        JSON.stringify(found),
      );
      assert.equal(mainPid(), pid);
      for (const name of names) assert.equal(status()[name].pid, before[name].pid);
      assert.equal(machine.property(unit, 'NRestarts'), '0');
    });

    it('a killed supervisor is started again and adopts the Envoys', async (t) => {
      const before = status();
      const counts = await underLoad(t, async () => {
        systemctl('kill', '--kill-who=main', '--signal=KILL', unit);
        await machine.until('the restart', async () => machine.property(unit, 'NRestarts') === '1');
        await untilLive();
      });
      assert.deepEqual(lossOf(counts), NONE);
      for (const name of names) assert.equal(status()[name].pid, before[name].pid);
    });

    it('an Envoy that the kernel kills for want of memory is started again; the unit goes on', async (t) => {
      const [pid, before] = [mainPid(), status().s1.pid];
      const limit = await openMemoryLimit(256 * 1024);
      try {
        const counts = await underLoad(t, async () => {
          await limit.add(await machine.outside(before));
          // An Envoy that idles takes no new memory.
          const hungry = machine.start(
            NODE,
            `${SOURCE}/test/engines/programs/hungry-clients.ts`,
            String(PORTS.s1),
            '600',
          );
          await machine.until('the end of Envoy', async () => status().s1.pid !== before);
          hungry.kill('SIGKILL');
          await untilLive();
        });
        t.diagnostic(`lost while nobody listened: ${counts.lost}`);
      } finally {
        await limit.close();
      }
      assert.match(weir('sidecar', 'status', 's1').result.sidecars[0].crash.detail, /signal 9/);
      assert.deepEqual([mainPid(), machine.property(unit, 'ActiveState')], [pid, 'active']);
    });

    it('a supervisor that the kernel kills for want of memory is started again, and no request is lost', async (t) => {
      const [pid, before] = [mainPid(), status()];
      const limit = await openMemoryLimit(1024 * 1024);
      try {
        const counts = await underLoad(t, async () => {
          await limit.add(await machine.outside(pid));
          await machine.until('the restart', async () => mainPid() !== pid && mainPid() !== 0);
          await untilLive();
        });
        assert.deepEqual(lossOf(counts), NONE);
      } finally {
        await limit.close();
      }
      for (const name of names) assert.equal(status()[name].pid, before[name].pid);
    });

    it('stop drains: a request that is longer than the stop timeout of the unit ends whole', async () => {
      await machine.write(`/etc/systemd/system/${unit}.d/short.conf`, '[Service]\nTimeoutStopSec=3\n');
      systemctl('daemon-reload');
      const id = `long-${names.length}`;
      const ask = `const http = require('http'); http.get('http://127.0.0.1:${PORTS.s1}/${id}?ms=8000', (answer) => {
        let text = ''; answer.on('data', (part) => { text += part; }); answer.on('end', () => console.log(answer.statusCode + ' ' + text));
        answer.on('error', (error) => console.log(error.message)); }).on('error', (error) => console.log(error.message));`;
      const client = machine.start(NODE, '-e', ask);
      const answer = new Promise<string>((resolve) => client.stdout?.once('data', (chunk) => resolve(String(chunk))));
      await machine.until('the request to be under way', async () => {
        load.stdin?.write(`seen ${id}\n`);
        return (await said()) !== '0';
      });
      systemctl('stop', unit);
      assert.equal((await answer).trim(), `200 ${id}`);
      assert.equal(machine.property(unit, 'Result'), 'success', machine.log());
      assert.equal(machine.property(unit, 'ActiveState'), 'inactive');
      const found = status();
      for (const name of names) assert.deepEqual([found[name].state, found[name].pid], ['stopped', null]);
      machine.run('rm', '-r', `/etc/systemd/system/${unit}.d`);
      systemctl('daemon-reload');
      if (names.length === 1) systemctl('stop', 'weir-sidecar@s2.service');
    });
  });
}

describe('a reboot', () => {
  it('starts an enabled unit with the settled Envoys', async (t) => {
    systemctl('enable', '--now', 'weir-sidecars.service');
    await machine.powerOff();
    await machine.boot();
    await untilLive();
    await startLoad();
    const counts = await underLoad(t, () => sleep(500));
    assert.deepEqual(lossOf(counts), NONE);
    assert.equal(machine.property('weir-sidecars.service', 'ActiveState'), 'active');
  });
});
