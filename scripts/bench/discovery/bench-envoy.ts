/** An Envoy of the bench, with a bootstrap that asks a socket. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sidecarBootstrap } from '../../../src/sidecar/envoy/sidecar-bootstrap.ts';
import { envoyBinary } from '../../setup/envoy.ts';
import { askAdmin } from './world.ts';

const LIMIT_MS = 120_000;

/** Starts one and waits until it is live. */
export async function startBenchEnvoy(
  folder: string,
  socket: string,
  port: number,
  variant: 'delta' | 'sotw' = 'delta',
) {
  const admin = join(folder, 'admin.sock');
  const bootstrap = sidecarBootstrap({
    ...{
      name: 'main',
      outbound: port,
      inbound: null,
      accessLog: '/dev/null',
      ipv6: false,
      dubboPorts: [],
      isTransparent: false,
    },
    ...{ admin: { kind: 'unix', path: admin }, discovery: { place: { path: socket }, variant } },
  });
  writeFileSync(join(folder, 'envoy.json'), JSON.stringify(bootstrap));
  const argv = ['-c', join(folder, 'envoy.json'), '--disable-hot-restart', '--concurrency', '1', '-l', 'error'];
  const child: ChildProcess = spawn(envoyBinary('1.40.0'), argv, { stdio: 'ignore' });
  const deadline = Date.now() + LIMIT_MS;
  while ((await askAdmin(admin, '/ready')).trim() !== 'LIVE') {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error('Envoy did not get ready');
    await sleep(200);
  }
  return { pid: child.pid ?? 0, admin, stop: () => child.kill('SIGKILL') };
}
