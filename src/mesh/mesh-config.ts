/** The exact types of mesh.yaml. */
import type { Consumes, DiscoveryConfig, RegistryConfig } from './discovery-config.ts';
import type { SourcePosition } from './source-position.ts';

/** A user or group known by its number; `name` is there if the file named it and the host resolved it. */
export interface AccountId {
  readonly kind: 'id';
  readonly id: number;
  readonly name?: string;
  readonly position: SourcePosition;
}

/** A user or group that still has to be looked up on the host. */
export interface AccountName {
  readonly kind: 'name';
  readonly name: string;
  readonly position: SourcePosition;
}

/** A user or group as mesh.yaml has it. A number need not be known to any passwd or group file. */
export type AccountRef = AccountId | AccountName;

/** An inclusive range of TCP ports, 1 <= from <= to <= 65535. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** A network. `text` is canonical: host bits cleared, IPv6 as RFC 5952 writes it, always with `/length`. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly text: string;
}

/**
 * Which connections of an app, in one direction, go through the sidecar. All lists are sorted, merged and without
 * duplicates. A port is the one connected to; a network is the other side's: the destination of an outbound
 * connection, the source of an inbound one.
 */
export interface TrafficScope {
  /** Empty means every port. */
  readonly ports: readonly PortRange[];
  /** Empty means everywhere. */
  readonly cidrs: readonly Cidr[];
  /** Taken out of the above; here an empty list means nothing. */
  readonly exclude: { readonly ports: readonly PortRange[]; readonly cidrs: readonly Cidr[] };
}

/** Where Envoy's admin interface listens. `path` is absolute; `host` is an address, without brackets. */
export type AdminAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'http'; readonly host: string; readonly port: number };

/**
 * How an RPC SDK is told to make no more calls on old connections. `argv` is never empty and starts with a path; `port`
 * is the QoS port of a Dubbo process on this host.
 */
export type NotifyTarget =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'exec'; readonly argv: readonly [string, ...string[]] }
  | { readonly kind: 'dubbo-qos'; readonly port: number };

/** The SDKs to tell at a hot upgrade; at least one is not null. */
export interface SidecarNotify {
  readonly consumer: NotifyTarget | null;
  readonly provider: NotifyTarget | null;
}

/** What `weir sidecar run` needs to start an Envoy. Both paths are absolute. */
export interface SidecarProcess {
  readonly binary: string;
  readonly bootstrap: string;
  /** Envoy's worker threads. */
  readonly concurrency: number;
  /** How long old connections may go on at a hot upgrade or a stop. */
  readonly drainMs: number;
  readonly notify?: SidecarNotify;
  /** More arguments and variables for Envoy; none of them is one that weir sets itself. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Names of capabilities(7) without their prefix. */
  readonly capabilities?: readonly string[];
  /** What `binary` must have as its SHA-256. */
  readonly sha256?: string;
  readonly check?: SidecarCheck;
  /** How long a new Envoy is watched after an upgrade. */
  readonly bakeMs?: number;
  /** The most anonymous memory that it may have meanwhile. */
  readonly bakeBytes?: number;
  /** The last part of a drain, over which the connections that are left are cut. */
  readonly drainSpreadMs?: number;
}

/** What is asked of a new Envoy: an HTTP answer below 400, or a program's exit code 0. */
export type SidecarCheck =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'exec'; readonly argv: readonly [string, ...string[]] };

/** A sidecar. At least one of `user` and `group` is there: their own traffic is never redirected. */
export interface SidecarConfig<Account extends AccountRef = AccountRef> {
  readonly name: string;
  readonly user?: Account;
  readonly group?: Account;
  /** The TCP port where it accepts redirected outbound connections. */
  readonly outbound?: number;
  /** The TCP port where it accepts redirected inbound connections. */
  readonly inbound?: number;
  /** How connections are brought to its listeners: by NAT, or transparently and without connection tracking. */
  readonly mode: 'redirect' | 'tproxy';
  readonly admin: AdminAddress;
  /** The path on `admin` that answers 200 when the sidecar can take traffic. */
  readonly readyPath: string;
  /** Absent if somebody else runs this sidecar. */
  readonly process?: SidecarProcess;
  readonly position: SourcePosition;
}

/** Whose connections belong to an app. `users` is never empty; a slice is a cgroup-v2 path without a leading slash. */
export type AppSelector<Account extends AccountRef = AccountRef> =
  | { readonly kind: 'users'; readonly users: readonly Account[] }
  | { readonly kind: 'group'; readonly group: Account }
  | { readonly kind: 'slice'; readonly slice: string }
  | { readonly kind: 'all' };

/** An app. At least one of `outbound` and `inbound` is not null, and its sidecar has a port for each that is not. */
export interface AppConfig<Account extends AccountRef = AccountRef> {
  readonly name: string;
  readonly select: AppSelector<Account>;
  /** A key of `MeshConfig.sidecars`. */
  readonly sidecar: string;
  readonly outbound: TrafficScope | null;
  readonly inbound: TrafficScope | null;
  /** What happens to new connections while the sidecar is down. */
  readonly onFailure: 'direct' | 'deny';
  /** The kernel ends the interception this long after the last renewal; null for no such limit. */
  readonly leaseMs: number | null;
  /** Whose endpoints its sidecar needs; absent without discovery. */
  readonly consumes?: Consumes;
  /** The absolute path of a folder of routing documents; absent without rules. */
  readonly rules?: string;
  readonly position: SourcePosition;
}

/** A checked mesh.yaml. Both maps keep the order of the file. */
export interface MeshConfig<Account extends AccountRef = AccountRef> {
  /** As the user named it. */
  readonly file: string;
  readonly sidecars: ReadonlyMap<string, SidecarConfig<Account>>;
  readonly apps: ReadonlyMap<string, AppConfig<Account>>;
  /** Absent without `registries`, as `discovery` is without it. */
  readonly registries?: ReadonlyMap<string, RegistryConfig>;
  readonly discovery?: DiscoveryConfig;
}

/** A mesh.yaml whose users and groups are all numbers: what the kernel's rules are made from. */
export type ResolvedMeshConfig = MeshConfig<AccountId>;
