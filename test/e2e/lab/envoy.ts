/** Starts an Envoy in a lab. */
import { closeSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { envoyBinary } from '../../../scripts/setup/envoy.ts';
import { askReadiness } from '../../../src/platform/readiness.ts';
import { envoyBootstrap } from './envoy-bootstrap.ts';
import { LAB_UIDS, type Lab } from './lab.ts';
import type { LabProcess } from './lab-process.ts';

/** Which Envoy, and where it listens. */
export interface EnvoyOptions {
  readonly version?: Parameters<typeof envoyBinary>[0];
  readonly outboundPort?: number;
  readonly inboundPort?: number;
  /** Listen on IPv6 as well. Default true. */
  readonly ipv6?: boolean;
  readonly uid?: number;
  /** With transparent listeners, and the capability that these need. */
  readonly transparent?: boolean;
}

/** A sidecar of a lab, real or a double. */
export interface LabSidecar {
  readonly process: LabProcess;
  /** `admin` as mesh.yaml takes it. */
  readonly admin: string;
  readonly adminPath: string;
}

/** A real Envoy that runs in a lab's client namespace. */
export interface LabEnvoy extends LabSidecar {
  /** Its access log so far, one object a request or TCP connection that has ended. Envoy flushes it every 10 s. */
  accessLog(): Promise<readonly Record<string, unknown>[]>;
}

/** Starts a real Envoy under the sidecar's account and waits until it is ready. */
export async function startEnvoy(lab: Lab, options: EnvoyOptions = {}): Promise<LabEnvoy> {
  const uid = options.uid ?? LAB_UIDS.sidecar;
  const folder = lab.makeFolder(`envoy-${uid}-${options.outboundPort ?? 15_001}`, uid);
  const adminPath = join(folder, 'admin.sock');
  const accessLog = join(folder, 'access.log');
  const bootstrap = join(folder, 'bootstrap.json');
  const content = envoyBootstrap({
    adminPath,
    accessLog,
    outboundPort: options.outboundPort ?? 15_001,
    inboundPort: options.inboundPort ?? 15_006,
    ipv6: options.ipv6 ?? true,
    transparent: options.transparent ?? false,
  });
  await writeFile(bootstrap, JSON.stringify(content), { mode: 0o644 });
  // Started through an open descriptor: the sidecar's user may not be able to enter the folder that the binary lies in.
  const binary = openSync(envoyBinary(options.version ?? '1.39.3'), 'r');
  const argv = ['/proc/self/fd/3', '-c', bootstrap, '--disable-hot-restart', '--concurrency', '1', '-l', 'warning'];
  const process = lab.start(lab.client, argv, { uid, inherit: binary, netAdmin: options.transparent ?? false });
  closeSync(binary);
  await untilReady(process, adminPath);
  return {
    process,
    admin: `unix:${adminPath}`,
    adminPath,
    async accessLog() {
      const lines = (await readFile(accessLog, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line));
    },
  };
}

/** Waits until a sidecar answers 200 on `/ready`; rejects when it ends first or a minute passes. */
export async function untilReady(process: LabProcess, adminPath: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  const ended = process.ended.then(() => 'ended' as const);
  for (;;) {
    const readiness = await Promise.race([askReadiness({ kind: 'unix', path: adminPath }, '/ready', 1000), ended]);
    if (readiness !== 'ended' && readiness.state === 'ready') return;
    if (readiness === 'ended' || Date.now() > deadline) {
      throw new Error(`the sidecar did not get ready: ${JSON.stringify(readiness)}\n${process.output().slice(-3000)}`);
    }
    await sleep(20);
  }
}
