/** What the nodes of a registry say, in exact types: the input of the world. */
import type { ServiceKey } from './service-key.ts';

/** How providers are registered: a node an instance of an application, or a URL an interface and instance. */
export type Layout = 'application' | 'interface';

/** One port of an instance and the protocol that it speaks. */
export interface InstancePort {
  /** From 1 to 65535. */
  readonly port: number;
  /** Lower case: dubbo, tri, rest. */
  readonly protocol: string;
}

/** An instance in the application-level layout. */
export interface InstanceNode {
  readonly app: string;
  /** A literal IPv4 or IPv6 address, canonical. */
  readonly address: string;
  /** At least one; of two ports with one protocol the registry keeps the last only (Dubbo 3.3). */
  readonly ports: readonly InstancePort[];
  /** The hash of the services that it offers; '' where none was written. */
  readonly revision: string;
  /** Whether the services of the revision are in the registry, or with the instance itself. */
  readonly metadata: 'remote' | 'local';
  /** All its metadata but the time of its start. */
  readonly labels: Readonly<Record<string, string>>;
  /** When it started, as it wrote it under `timestamp`: milliseconds since 1970 from Dubbo. */
  readonly timestamp?: string;
}

/** One service of a revision. */
export interface RevisionService {
  readonly key: ServiceKey;
  readonly protocol: string;
  readonly params: Readonly<Record<string, string>>;
}

/** What all instances of one revision of an application offer. */
export interface RevisionMetadata {
  readonly app: string;
  readonly revision: string;
  readonly services: readonly RevisionService[];
}

/** A provider in the interface-level layout. */
export interface ProviderNode {
  readonly app: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly service: ServiceKey;
  /** All parameters of the URL. */
  readonly params: Readonly<Record<string, string>>;
}

/** A node that was refused, alone. */
export interface NodeFault {
  readonly code: NodeFaultCode;
  /** The path of the node. */
  readonly place: string;
  /** A sentence with what was found. */
  readonly what: string;
}

/** Why a node is refused. */
export type NodeFaultCode =
  | 'not-json'
  | 'not-an-object'
  | 'no-literal-address'
  | 'bad-port'
  | 'too-large'
  | 'no-application'
  | 'no-access'
  | 'not-a-url';

/** What reading a node gives. */
export type ReadNode<Node> = { readonly node: Node } | { readonly fault: NodeFault };

/** The largest nodes that are read, in bytes: registries are written by everybody. */
export const NODE_LIMITS = { instance: 65_536, metadata: 524_288, url: 16_384 } as const;
