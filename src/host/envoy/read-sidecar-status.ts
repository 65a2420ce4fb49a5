import type { AccountId, SidecarConfig } from '../../config/mesh-config.ts';
import type { SidecarStatus } from '../../upgrade/upgrade-report.ts';
import { askControlSocket } from '../control-socket.ts';
import { controlSocketPath } from './control-path.ts';
import { askServerInfo } from './envoy-admin.ts';
import { openSidecar, readSidecarSpec, type WeirFolders } from './open-sidecar.ts';

/** The state of a sidecar: from its supervisor if there is one, else from its processes and its admin. Never throws for a dead one. */
export async function readSidecarStatus(
  folders: WeirFolders,
  sidecar: SidecarConfig<AccountId>,
  readLast: (entries: never) => SidecarStatus['last'],
): Promise<SidecarStatus> {
  const { name } = sidecar;
  if (sidecar.process === undefined) return unmanaged(sidecar);
  const answer = await askControlSocket(controlSocketPath(folders.runDir, name), { command: 'status' });
  if (answer !== null && 'result' in answer) return answer.result as SidecarStatus;
  const spec = await readSidecarSpec(folders.config, name);
  const host = openSidecar(folders, spec);
  const { found } = await host.findProcesses(spec);
  const newest = found.at(-1) ?? null;
  const generation = newest?.launch.generation ?? null;
  const pair = generation === null ? null : await host.pairs.read(generation.pair);
  return {
    name,
    state: newest === null ? 'stopped' : 'unsupervised',
    epoch: generation?.epoch ?? null,
    pid: newest?.launch.pid ?? null,
    version: pair?.version ?? null,
    bootstrapSha256: pair?.bootstrapSha256 ?? null,
    managed: true,
    supervisorPid: null,
    connections: { active: generation === null ? 0 : await host.activeConnections(spec, generation.id) },
    upgrade: null,
    last: readLast((await host.journal.read()) as never),
  };
}

async function unmanaged(sidecar: SidecarConfig<AccountId>): Promise<SidecarStatus> {
  const info = await askServerInfo(sidecar.admin, 1000);
  return {
    name: sidecar.name,
    state: info === null ? 'stopped' : info.state === 'LIVE' ? 'live' : 'starting',
    epoch: info?.epoch ?? null,
    pid: null,
    version: info?.version ?? null,
    bootstrapSha256: null,
    managed: false,
    supervisorPid: null,
    connections: { active: 0 },
    upgrade: null,
    last: null,
  };
}
