/** A gateway's bootstrap in an Envoy of its own, and what it needs around it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { envoyBinary } from '../../../scripts/setup/envoy.ts';
import { WireCaller } from '../discovery/dubbo-frames.ts';

/** Starts a server on a free port of the loopback and gives back the port; it ends with the test. */
export async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Runs Envoy until the test ends; resolves when `port` takes connections, and gives back what ends it earlier. */
export async function runGateway(t: TestContext, bootstrap: string, port: number): Promise<() => Promise<void>> {
  // The supervisor makes the folder of the admin socket; Envoy alone does not.
  const { admin: _admin, ...config } = JSON.parse(bootstrap);
  const argv = ['--config-yaml', JSON.stringify(config), '--disable-hot-restart', '--concurrency', '1', '-l', 'error'];
  const envoy = spawn(envoyBinary('1.40.0'), argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said = text(envoy.stderr);
  const end = async () => {
    envoy.kill('SIGKILL');
    await said;
  };
  t.after(end);
  for (let tries = 0; tries < 600; tries += 1) {
    if (envoy.exitCode !== null)
      throw new Error(`Envoy ended: ${(await said).slice(0, 600)} ... ${(await said).slice(-900)}`);
    const caller = await WireCaller.open(port).catch(() => null);
    caller?.close();
    if (caller !== null) return end;
    await sleep(100);
  }
  throw new Error('Envoy did not listen within a minute');
}
