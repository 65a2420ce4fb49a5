/** What is to be read of a registry. */
import type { MeshConfig } from '../../mesh/mesh-config.ts';

/** Applications and interfaces by name. */
export interface Wanted {
  readonly apps: ReadonlySet<string>;
  readonly interfaces: ReadonlySet<string>;
  /** Applications that a mapping named before: their instances are read as those of one that it names. */
  readonly mappedBefore?: ReadonlySet<string>;
  /** Every application of the registry: what is called is only known when it is. */
  readonly everything?: boolean;
}

/** What the applications of this host consume by mesh.yaml; one with `auto` may consume everything. */
export function consumedBy(config: Pick<MeshConfig, 'apps'>): Wanted {
  const apps = new Set<string>();
  const interfaces = new Set<string>();
  let everything = false;
  for (const { consumes } of config.apps.values()) {
    if (consumes?.kind === 'auto') everything = true;
    if (consumes?.kind !== 'named') continue;
    for (const app of consumes.apps) apps.add(app);
    for (const name of consumes.interfaces) interfaces.add(name);
  }
  return { apps, interfaces, everything };
}
