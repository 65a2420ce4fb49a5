/** What discovery needs of the outside world. */
import type { RegistryConfig } from '../mesh/discovery-config.ts';
import type { DiscoverySocket } from '../mesh/discovery-sockets.ts';
import type { Clock } from '../platform/clock.ts';
import type { HttpPlace } from '../platform/http-exchange.ts';
import type { DiscoverySnapshot } from './records/snapshot-record.ts';
import type { Wanted } from './registry/wanted.ts';
import type { RuleFolder } from './routing/rule-scripts.ts';
import type { RegistryEvent } from './world/registry-event.ts';
import type { DeltaRequest } from './xds/delta-messages.ts';
import type { SotwRequest } from './xds/sotw-messages.ts';

/** Registries as they can be read. */
export interface RegistryReader {
  /**
   * Reads what is wanted of one registry and tells it as events. Resolves when all was told and the session is closed.
   * Throws WeirError exit 3 when the registry does not answer within the deadline, with what it said.
   */
  readRegistry(config: RegistryConfig, wanted: Wanted, emit: (event: RegistryEvent) => void): Promise<void>;
  /**
   * Follows one registry until `signal` aborts: its state, and every change of what is wanted. A registry that goes away
   * is told as `lost` and comes back by itself; `warn` then says why, a clause.
   */
  followRegistry(config: RegistryConfig, wanted: Wanted, told: RegistryListener, signal: AbortSignal): Promise<void>;
}

/** Who is told of a registry that is followed. */
export interface RegistryListener {
  emit(event: RegistryEvent): void;
  warn(why: string): void;
}

/** Who is told of the streams of Envoys; their numbers are never used twice. */
export interface AdsListener {
  opened(stream: number): void;
  request(stream: number, request: DeltaRequest | SotwRequest): void;
  closed(stream: number): void;
}

/** Where Envoys ask: a socket of one account, or an address of the network. */
export type AdsPlace = DiscoverySocket | { readonly host: string; readonly port: number };

/** The sockets on which Envoys ask. */
export interface AdsServer {
  /** Where it listens, for people. */
  readonly places: readonly string[];
  /** Sends one response; whether its stream was still there. */
  write(stream: number, message: Buffer): boolean;
  /** Ends a stream with a reason that Envoy logs. */
  end(stream: number, why: string): void;
  close(): Promise<void>;
}

/** What an agent needs of the outside world. */
export interface AgentPorts {
  readonly clock: Clock;
  readonly reader: RegistryReader;
  /** Throws WeirError exit 3 when a socket cannot be made. */
  serveAds(places: readonly AdsPlace[], listener: AdsListener): Promise<AdsServer>;
  /** Envoys at once. */
  readonly mostStreams: number;
  /** Throws the error of the file system. */
  saveSnapshot(snapshot: DiscoverySnapshot): Promise<void>;
  /** Whether listeners can bind IPv6 addresses here. */
  hasIpv6(): Promise<boolean>;
  /** What a folder of rules holds. Throws WeirError exit 2 when it cannot be read. */
  readRules(folder: string): Promise<RuleFolder>;
  /** A text that differs when the folder does; null when it cannot be read. */
  rulesVersion(folder: string): Promise<string | null>;
  /** The address by which Dubbo knows this host; null where it has several. */
  ownAddress(): string | null;
  /** The addresses to which an Envoy sent connections as they were, of the last seconds; null when it does not say. */
  directAddresses(admin: HttpPlace): Promise<readonly string[] | null>;
}

/** Rules as they lie on this host. */
export interface RulesReader {
  /** The plans and documents of a folder by name. Throws WeirError exit 2 when it cannot be read. */
  readRuleFiles(folder: string): Promise<ReadonlyMap<string, string>>;
  /** The address by which Dubbo knows this host; null where it has several. */
  ownAddress(): string | null;
}
