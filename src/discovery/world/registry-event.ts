/** What registries tell: facts about one node, or a whole listing of a place. */
import type { InstanceNode, NodeFault, ProviderNode, RevisionMetadata } from './registry-node.ts';

/** A node with its name in its folder; a node that was refused stays known by its fault. */
export type Listed<Node> = ReadonlyMap<string, { readonly node: Node } | { readonly fault: NodeFault }>;

/** Of which state of a registry a listing is. */
interface OfState {
  /** The registry was set back, as from a backup: what it told of the place before is newer than this. */
  readonly isOlder?: true;
}

/** One event of one registry. Each names a place and says what is there now: the last event about a place is the truth. */
export type RegistryEvent = { readonly registry: string } & (
  | ({
      readonly kind: 'instances';
      readonly app: string;
      readonly listed: Listed<InstanceNode>;
      /** Names of nodes that are there and could not be read: what was last told of them counts. */
      readonly unread?: ReadonlySet<string>;
    } & OfState)
  | {
      readonly kind: 'instance';
      readonly app: string;
      readonly id: string;
      /** Null when it is gone. */
      readonly read: { readonly node: InstanceNode } | { readonly fault: NodeFault } | null;
    }
  | ({ readonly kind: 'providers'; readonly interface: string; readonly listed: Listed<ProviderNode> } & OfState)
  | {
      readonly kind: 'provider';
      readonly interface: string;
      readonly id: string;
      /** Null when it is gone. */
      readonly read: { readonly node: ProviderNode } | { readonly fault: NodeFault } | null;
    }
  | ({ readonly kind: 'mapping'; readonly interface: string; readonly apps: readonly string[] } & OfState)
  | {
      readonly kind: 'metadata';
      readonly app: string;
      readonly revision: string;
      /** Null when it could not be read so far: the revision's instances then take no part in any interface. */
      readonly read: { readonly node: RevisionMetadata } | { readonly fault: NodeFault } | null;
    }
  | {
      readonly kind: 'refused';
      /** All places that the registry refuses to show at present, each with the reason: what was last told of them counts. */
      readonly places: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'state'; readonly state: RegistryState }
);

/** Whether a registry's facts are whole: `syncing` while it is listed or many changes wait, `lost` without a session. */
export type RegistryState = 'syncing' | 'synced' | 'lost';
