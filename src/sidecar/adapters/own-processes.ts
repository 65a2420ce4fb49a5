/** The Envoy processes of this container, offered to another container of the pod. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sidecarBaseId } from '../envoy/envoy-arguments.ts';
import type { SidecarSpec } from '../ports.ts';
import { releaseSink } from './datagram-sink.ts';
import { openEnvoyProcesses } from './envoy-processes.ts';
import type { PeerProcesses } from './sidecar-host.ts';

/** The processes of this container as the other one may ask for them. */
export function openOwnProcesses(run: string, kept: string, { name }: SidecarSpec): PeerProcesses {
  return {
    ...openEnvoyProcesses(kept, join(run, 'envoy.log')),
    async releaseSinks(variant, epoch) {
      const baseId = sidecarBaseId(name, run, variant);
      for (const role of ['parent', 'child'] as const) await releaseSink(kept, { role, baseId, epoch });
    },
  };
}

/** Ends this container's part of the hot restart and removes its records: the other container has everything. */
export async function leaveToPeer(own: PeerProcesses, kept: string): Promise<void> {
  for (const variant of [0, 1] as const) for (const epoch of [0, 1, 2]) await own.releaseSinks(variant, epoch);
  await rm(kept, { recursive: true, force: true });
}
