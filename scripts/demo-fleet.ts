/**
 * `npm run demo:fleet`: a fleet of three hosts in throw-away namespaces, in about a minute. A real etcd, Envoys, rules and
 * an operator: a release is stopped by its gate and undone, and the red button takes every host out of the mesh.
 */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { paintFor } from '../src/cli/paint.ts';
import { type ManyHost, ManyHosts, UPSTREAM_PORT } from '../test/e2e/fleet/many-hosts.ts';
import { type Load, startLoad } from '../test/e2e/lab/traffic.ts';
import { DemoTeller } from './demo/teller.ts';
import { missingForDemo } from './demo/what-is-missing.ts';
import { type EnvoyVersion, envoyBinary } from './setup/envoy.ts';

const LIMIT_MS = 240_000;
const OLD: EnvoyVersion = '1.39.3';
const NEW: EnvoyVersion = '1.40.0';

const missing = await missingForDemo([OLD, NEW]);
if (missing.length > 0) {
  process.stderr.write(`the demo cannot run here:\n${missing.map((line) => `  ${line}\n`).join('')}`);
  process.exit(3);
}

const teller = new DemoTeller(paintFor('stdout'), (line) => process.stdout.write(`${line}\n`));
const fleet = await ManyHosts.open('demo');
let isClosing = false;
const close = async () => {
  if (isClosing) return;
  isClosing = true;
  await fleet.close();
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void close().then(() => process.exit(signal === 'SIGINT' ? 130 : 143)));
}

try {
  const isAsTold = await walk();
  await close();
  teller.end(isAsTold);
  process.exitCode = isAsTold ? 0 : 1;
} finally {
  await close();
}

async function walk(): Promise<boolean> {
  const binaries = new Map([OLD, NEW].map((version) => [version, copyEnvoy(version)]));
  const loads: Load[] = [];

  await teller.step('a store, and three hosts that follow it, each with a supervised Envoy', async (say) => {
    for (const unit of ['u1', 'u1', 'u2']) {
      const isPicky = fleet.hosts.length === 1;
      await fleet.addHost({ unit }, (folder) => ({
        admin: `unix:${join(folder, 'run/main/admin.sock')}`,
        ...{ binary: binaries.get(OLD), bootstrap: join(folder, 'envoy.yaml'), drain: '2s', concurrency: 1 },
        // host-2 asks a new version a question of its own, and this demo makes the answer no.
        ...(isPicky ? { check: { exec: ['/bin/false'] } } : {}),
      }));
    }
    await Promise.all(fleet.hosts.map(startHost));
    fleet.startStation('operator', 'run', '--region', 'east');
    await statusWhen(({ hosts }) => hosts.length === 3 && hosts.every(({ state }: Json) => state === 'ok'));
    say(`host-1 and host-2 are unit u1, host-3 is unit u2; Envoy ${OLD} everywhere; one operator leads`);
    return true;
  });

  await teller.step('a policy sends the application through its sidecar on every host', async (say) => {
    const policy = { apps: ['payment'], rules: [{ state: 'on' }] };
    const file = fleet.file('policy.yaml', object('MeshPolicy', 'payment', policy));
    await weir(say, 'fleet', 'apply', file);
    await statusWhen(({ hosts }) => hosts.every(({ apps }: Json) => apps[0].state === 'on'));
    for (const host of fleet.hosts) {
      const target = { host: host.upstream, port: UPSTREAM_PORT, ratePerSecond: 20, seconds: 900 };
      loads.push(await startLoad(host.lab, { ...target, uid: host.uid }));
    }
    say(`from now on each host sends 20 requests a second: ${await routes(loads)}`);
    return true;
  });

  await teller.step(`a release of Envoy ${NEW} begins with unit u1, and its gate allows no failure`, async (say) => {
    const binary = binaries.get(NEW) ?? '';
    const sha256 = createHash('sha256').update(readFileSync(binary)).digest('hex');
    const release = {
      ...{ sidecar: 'main', version: { name: NEW, binary, sha256 }, timeout: '5m' },
      ...{ waves: [{ labels: { unit: 'u1' } }, { percent: 100 }], gates: [{ type: 'hosts', maxFailed: 0 }] },
    };
    await weir(say, 'fleet', 'apply', fleet.file('release.yaml', object('SidecarRelease', 'envoy-new', release)));
    await weir(say, 'fleet', 'rollout', 'start', 'envoy-new');
    const stopped = await rolloutWhen('stopped');
    say(`stopped: ${stopped.reason}`);
    const [first, second, third] = await versions();
    say(`host-1 runs ${first}, host-2 ${second} (its own check said no), host-3 ${third} (its wave never began)`);
    return stopped.wave === 1 && first === NEW && second === OLD && third === OLD;
  });

  await teller.step('one command takes it back, by a hot upgrade the other way', async (say) => {
    await weir(say, 'fleet', 'rollout', 'undo', 'envoy-new', '--reason', 'gate broke');
    await rolloutWhen('undone');
    const after = await versions();
    say(`Envoy on the hosts: ${after.join(', ')}`);
    const reports = await Promise.all(loads.map((load) => load.report()));
    const failed = reports.flatMap((one) => Object.values(one.failed)).reduce((sum, count) => sum + count, 0);
    const answered = reports.reduce((sum, one) => sum + one.answered, 0);
    say(`requests through all of this: ${answered} answered, ${failed} failed`);
    return after.every((version) => version === OLD) && failed === 0;
  });

  await teller.step('the red button: every application direct, on every host', async (say) => {
    const pressed = await weir(say, 'fleet', 'off', '--all', '--wait', '--reason', 'INC-1234');
    const [region] = pressed.json.result.regions;
    say(`${region.confirmed} of ${region.selected} hosts confirmed in ${pressed.json.result.ms.confirmed} ms`);
    const before = await Promise.all(loads.map((load) => load.report()));
    await pause(1_500);
    const after = await Promise.all(loads.map((load) => load.report()));
    const proxied = after.reduce((sum, one, index) => sum + one.proxy - (before[index]?.proxy ?? 0), 0);
    const direct = after.reduce((sum, one, index) => sum + one.direct - (before[index]?.direct ?? 0), 0);
    say(`requests since then: ${direct} direct, ${proxied} through a sidecar`);
    const { json } = await fleet.station('fleet', 'history');
    for (const { at, by, verb, kind, name, why } of json.result.entries.slice(-3))
      say(`history: ${at.slice(11, 19)} ${by} ${verb} ${kind}/${name}${why === null ? '' : ` (${why})`}`);
    return region.confirmed === 3 && proxied === 0 && direct > 0;
  });
  return teller.isGood;
}

// biome-ignore lint/suspicious/noExplicitAny: results differ by command.
type Json = any;

async function startHost(host: ManyHost): Promise<void> {
  await host.start('sidecar', 'init', 'main').ended;
  await host.start('sidecar', 'run', 'main', '--json').line(/"event":"live"/, LIMIT_MS);
  await host.start('host', 'run').line(/follows the region/, LIMIT_MS);
}

/** Runs a command of the station and shows it; throws when it fails. */
async function weir(say: (line: string) => void, ...args: string[]) {
  say(`$ weir ${args.map((word) => word.replace(`${fleet.folder}/`, '')).join(' ')}`);
  const answer = await fleet.station(...args);
  if (answer.code !== 0) throw new Error(`weir ${args.join(' ')}: ${JSON.stringify(answer.json)}`);
  return answer;
}

async function statusWhen(isWanted: (region: Json) => boolean): Promise<Json> {
  return await until('the hosts', async () => {
    const { json } = await fleet.station('fleet', 'status');
    const [region] = json.result?.regions ?? [];
    return region?.reachable && isWanted(region) ? region : null;
  });
}

async function rolloutWhen(state: string): Promise<Json> {
  return await until(`the release to be ${state}`, async () => {
    const { json } = await fleet.station('fleet', 'rollout', 'status', 'envoy-new');
    const [row] = json.result?.rollouts ?? [];
    return row?.state === state ? row : null;
  });
}

/** The version of Envoy on each host, as the host says it. */
async function versions(): Promise<string[]> {
  return await Promise.all(
    fleet.hosts.map(async ({ name }) => {
      const { json } = await fleet.station('fleet', 'explain', name);
      return String(json.result?.sidecars?.[0]?.version);
    }),
  );
}

async function routes(loads: readonly Load[]): Promise<string> {
  await pause(1_000);
  const reports = await Promise.all(loads.map((load) => load.report()));
  return reports.map(({ proxy, direct }, index) => `host-${index + 1} ${proxy} proxied, ${direct} direct`).join('; ');
}

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`gave up waiting for ${what}`);
    await pause(300);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** An Envoy that the sidecar's account may run, wherever this clone lies. */
function copyEnvoy(version: EnvoyVersion): string {
  const copy = join(fleet.folder, `envoy-${version}`);
  cpSync(envoyBinary(version), copy);
  chmodSync(copy, 0o755);
  return copy;
}

function object(kind: string, name: string, spec: object): object {
  return { apiVersion: 'weir.dev/v1', kind, metadata: { name }, spec };
}
