/** The first bootstrap of a sidecar, made from mesh.yaml. */
import { WeirError } from '../../errors/weir-error.ts';
import { discoverySockets } from '../../mesh/discovery-sockets.ts';
import type { ResolvedMeshConfig } from '../../mesh/mesh-config.ts';
import type { DiscoverySource } from '../envoy/agent-sources.ts';
import { sidecarBootstrap } from '../envoy/sidecar-bootstrap.ts';
import type { SidecarPorts } from './ports.ts';
import { requireSidecar, sidecarSpec } from './sidecar-spec.ts';

/** The flags of `weir sidecar init`. */
export interface InitRequest {
  /** Absolute path; null: `bootstrap` of mesh.yaml. */
  readonly out: string | null;
  readonly force: boolean;
  readonly ipv6: boolean;
  /** Ports of Dubbo providers, each once. */
  readonly dubboPorts: readonly number[];
  /** Whether clusters and routes come from the discovery agent of this host. */
  readonly discovery: boolean;
  /** A control plane that is asked instead of the agent of this host; null: the agent, in deltas. */
  readonly server: DiscoverySource | null;
}

/** What `initSidecar` wrote. */
export interface WrittenBootstrap {
  readonly bootstrap: string;
  /** Null for a sidecar that weir does not run. */
  readonly accessLog: string | null;
  /** Whether mesh.yaml names the same file. */
  readonly isConfigured: boolean;
  /** Whether mesh.yaml lets weir run the sidecar. */
  readonly isRun: boolean;
}

/**
 * Writes the bootstrap of a sidecar, also of one that another program runs. `warn` is told what the sidecar lacks to run
 * with it, and that nobody checked it. Throws WEIR4011, WEIR4012 (no file is named), WEIR4015, WEIR6010.
 */
export async function initSidecar(
  ports: SidecarPorts,
  name: string,
  { out, force, ipv6, dubboPorts, discovery, server }: InitRequest,
  warn: (text: string) => void,
): Promise<WrittenBootstrap> {
  const mesh = await ports.mesh.load();
  const sidecar = requireSidecar(mesh, name);
  const spec = await sidecarSpec(sidecar, ports.mesh.primaryGroup);
  const bootstrap = out ?? spec?.bootstrap;
  if (bootstrap === undefined) throw noFileNamed(mesh, name);
  const accessLog = ports.accessLogOf(name);
  const isTransparent = sidecar.mode === 'tproxy';
  if (isTransparent && (discovery || server !== null)) throw agentIsNotTransparent(name);
  const content = sidecarBootstrap({
    name,
    outbound: sidecar.outbound ?? null,
    inbound: sidecar.inbound ?? null,
    admin: sidecar.admin,
    // A supervisor reads it and keeps it short; nobody does for an Envoy that another program runs.
    accessLog: spec === null ? null : accessLog,
    ipv6,
    isTransparent,
    dubboPorts,
    discovery: server ?? (discovery ? { place: { path: requireAgentSocket(mesh, name) }, variant: 'delta' } : null),
  });
  if (spec !== null) await ports.prepare(spec);
  const isChecked = await ports.writeBootstrap(bootstrap, content, spec?.binary ?? null, { accessLog, force });
  if (!isChecked)
    warn(
      `no Envoy has checked ${bootstrap}: ${spec === null ? 'mesh.yaml names none' : `${spec.binary} is not there`}`,
    );
  if (isTransparent && spec !== null && spec.uid !== 0 && !spec.capabilities.includes('net_admin'))
    warn(`${name} has \`mode: tproxy\` and may not make its listeners transparent: add \`capabilities: [net_admin]\``);
  const written = { bootstrap, accessLog: spec === null ? null : accessLog };
  return { ...written, isConfigured: bootstrap === spec?.bootstrap, isRun: spec !== null };
}

function noFileNamed({ file }: ResolvedMeshConfig, name: string): WeirError {
  return new WeirError('WEIR4012', {
    what: `no file is named for the bootstrap of ${name}`,
    why: `its entry in ${file} has no \`binary\` and \`bootstrap\`, so weir does not run it`,
    hint: 'name the file with --out, or add both to run it with `weir sidecar run`',
  });
}

function agentIsNotTransparent(name: string): WeirError {
  return new WeirError('WEIR6010', {
    what: `the discovery agent has no listener for the sidecar ${name}`,
    why: 'it sends listeners for redirected connections, and `mode: tproxy` brings others',
    hint: 'use `mode: redirect`, or leave out --discovery',
  });
}

/** The socket of the agent for this sidecar. Throws WEIR6010 when the agent has nothing for it. */
function requireAgentSocket({ file, discovery, apps, sidecars }: ResolvedMeshConfig, name: string): string {
  const consuming = new Set([...apps.values()].flatMap(({ consumes, sidecar }) => (consumes ? [sidecar] : [])));
  const users = [...consuming].flatMap((one) => {
    const { outbound, user, group } = sidecars.get(one) ?? {};
    return outbound === undefined ? [] : [{ name: one, uid: user?.id ?? null, gid: group?.id ?? null }];
  });
  const socket = discovery === undefined ? undefined : discoverySockets(discovery.socket, users).get(name);
  if (socket !== undefined) return socket.path;
  throw new WeirError('WEIR6010', {
    what: `the discovery agent has nothing for the sidecar ${name}`,
    why:
      discovery === undefined
        ? `${file} has no discovery`
        : `no application of it has consumes in ${file}, or it has no outbound port`,
    hint: 'add registries, discovery, and what its applications consume; `weir help mesh-yaml` explains them',
  });
}
