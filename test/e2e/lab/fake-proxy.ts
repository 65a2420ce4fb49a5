/** A double of a sidecar, with faults on demand. */
import { join } from 'node:path';
import type { LabSidecar } from './envoy.ts';
import { LAB_UIDS, type Lab } from './lab.ts';
import { askReport, startProgram } from './traffic.ts';

/** How the double differs from a healthy sidecar on both families. */
export interface FakeProxyOptions {
  readonly outboundPort?: number;
  readonly inboundPort?: number;
  readonly families?: readonly (4 | 6)[];
  /** What `/ready` says at first. Default true. */
  readonly ready?: boolean;
  readonly uid?: number;
}

/** What the double has seen. `destinations` counts by `address|port`; `lost` had no original destination. */
export interface FakeProxyReport {
  readonly accepted: number;
  readonly open: number;
  readonly lost: number;
  readonly destinations: Readonly<Record<string, number>>;
}

/** A sidecar's double. To freeze it, `process.signal('SIGSTOP')`; `SIGCONT` brings it back. */
export interface FakeProxy extends LabSidecar {
  setReady(ready: boolean): void;
  report(): Promise<FakeProxyReport>;
}

/** Starts a double of a sidecar in the client namespace: an order of magnitude lighter than Envoy, and it can be ill. */
export async function startFakeProxy(lab: Lab, options: FakeProxyOptions = {}): Promise<FakeProxy> {
  const { outboundPort = 15_001, inboundPort = 15_006, families = [4, 6], ready = true } = options;
  const uid = options.uid ?? LAB_UIDS.sidecar;
  const folder = lab.makeFolder(`fake-proxy-${uid}-${outboundPort}`, uid);
  const adminPath = join(folder, 'admin.sock');
  const listeners = families.flatMap((family) => [
    { address: family === 4 ? '127.0.0.1' : '::1', port: outboundPort, from: null },
    { address: family === 4 ? '0.0.0.0' : '::', port: inboundPort, from: family === 4 ? '127.0.0.6' : '::6' },
  ]);
  const process = startProgram(lab, lab.client, 'fake-proxy', { listeners, admin: adminPath, ready, uid });
  await process.line(/^READY/);
  return {
    process,
    admin: `unix:${adminPath}`,
    adminPath,
    setReady: (value) => process.write(`ready ${value ? 'on' : 'off'}`),
    report: () => askReport<FakeProxyReport>(process),
  };
}
