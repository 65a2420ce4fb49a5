/** The types of mesh.yaml's registries and discovery: where endpoints come from, and what an application consumes. */
import type { SourcePosition } from './source-position.ts';

/** One server of a registry. */
export interface RegistryServer {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A registry. */
export type RegistryConfig = {
  readonly name: string;
  /** At least one. */
  readonly servers: readonly RegistryServer[];
  /** A file whose first line is `user:password`; readable by root only. */
  readonly authFile?: string;
  readonly position: SourcePosition;
} /** Both begin with a slash; `root` is '' for the root of the tree. */ & (
  | { readonly kind: 'zookeeper'; readonly root: string; readonly services: string }
  | { readonly kind: 'nacos'; readonly namespace: string }
);

/** How instances are kept to their unit. */
export interface UnitConfig {
  /** The label that holds an instance's unit. */
  readonly label: string;
  /** The unit of this host. */
  readonly own: string;
  /** `closed`: other units are not there; `prefer`: they take calls when too few of the own unit are healthy. */
  readonly mode: 'closed' | 'prefer';
  /** Applications that may be called across units. */
  readonly center: readonly string[];
  /** With `prefer`: below this share of healthy instances calls spill over, in percent. */
  readonly spillPercent: number;
}

/** How Envoy checks the members of small clusters. */
export interface HealthConfig {
  /** Clusters of more members are not checked: each Envoy connects to each member. */
  readonly most: number;
  readonly intervalMs: number;
}

/** The discovery agent of this host. */
export interface DiscoveryConfig {
  /** Names of registries, the own unit's first; at least one. */
  readonly registries: readonly string[];
  /** The absolute path of the socket on which Envoy asks. */
  readonly socket: string;
  readonly unit?: UnitConfig;
  /** More than `shrinkPercent` gone within `holdMs` is held until a second look. */
  readonly guard: { readonly shrinkPercent: number; readonly holdMs: number };
  /** Null: members are not checked, and those that are registered count as healthy. */
  readonly health: HealthConfig | null;
  readonly position: SourcePosition;
}

/** What an application calls. `auto`: what it is seen to call. */
export type Consumes =
  | { readonly kind: 'auto' }
  | { readonly kind: 'named'; readonly apps: readonly string[]; readonly interfaces: readonly string[] };
