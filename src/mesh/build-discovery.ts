/** Turns checked `registries` and `discovery` of mesh.yaml into their exact types. */
import type * as z from 'zod/mini';
import type { Consumes, DiscoveryConfig, HealthConfig, RegistryConfig } from './discovery-config.ts';
import type { consumesSchema, discoverySchema, registrySchema } from './discovery-schema.ts';
import type { PositionOf } from './source-position.ts';

/** The exact form of one entry under `registries`; undefined when it names no kind, which is a problem already. */
export function buildRegistry(
  name: string,
  raw: z.output<typeof registrySchema>,
  positionOf: PositionOf,
): RegistryConfig | undefined {
  const servers = raw.zookeeper ?? raw.nacos;
  if (servers === undefined) return undefined;
  const common = {
    ...{ name, servers, position: positionOf(['registries', name], 'key') },
    ...(raw.auth === undefined ? {} : { authFile: raw.auth.file }),
  };
  if (raw.zookeeper === undefined) return { ...common, kind: 'nacos', namespace: raw.namespace };
  return { ...common, kind: 'zookeeper', root: raw.root, services: raw.services };
}

/** The exact form of `discovery`. */
export function buildDiscovery(raw: z.output<typeof discoverySchema>, positionOf: PositionOf): DiscoveryConfig {
  const { unit } = raw;
  return {
    registries: raw.registries,
    socket: raw.socket,
    ...(unit === undefined ? {} : { unit: { ...unit, center: unit.center ?? [], spillPercent: unit.spill } }),
    guard: { shrinkPercent: raw.guard.shrink, holdMs: raw.guard.hold },
    health: buildHealth(raw),
    position: positionOf(['discovery'], 'key'),
  };
}

/** What is checked with `mode: prefer`: calls spill over by the share that is healthy, which nobody knows without checks. */
const CHECKED_BY_PREFER = 20;

function buildHealth({ unit, health }: z.output<typeof discoverySchema>): HealthConfig | null {
  const most = health.most ?? (unit?.mode === 'prefer' ? CHECKED_BY_PREFER : 0);
  return most === 0 ? null : { most, intervalMs: health.interval };
}

/** The exact form of `consumes`. */
export function buildConsumes(raw: z.output<typeof consumesSchema>): Consumes {
  if (raw === 'auto') return { kind: 'auto' };
  return { kind: 'named', apps: raw.apps ?? [], interfaces: raw.interfaces ?? [] };
}
