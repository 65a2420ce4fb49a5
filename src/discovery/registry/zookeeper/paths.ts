/** Where Dubbo keeps what in ZooKeeper. */

/** The roots of a registry, from mesh.yaml. */
export interface ZooKeeperRoots {
  /** `/dubbo`: interfaces, mappings, metadata; '' where they lie below the root of the tree. */
  readonly root: string;
  /** `/services`: instances of applications. */
  readonly services: string;
}

/** The folder of all interfaces. */
export const rootPath = ({ root }: ZooKeeperRoots): string => root || '/';

/** The folder of an application's instances. */
export const instancesPath = ({ services }: ZooKeeperRoots, app: string): string => `${services}/${app}`;

/** The folder of an interface's providers. */
export const providersPath = ({ root }: ZooKeeperRoots, name: string): string => `${root}/${name}/providers`;

/** The node that lists the applications of an interface. */
export const mappingPath = ({ root }: ZooKeeperRoots, name: string): string => `${root}/mapping/${name}`;

/** The node of a revision's services. */
export const metadataPath = ({ root }: ZooKeeperRoots, app: string, revision: string): string =>
  `${root}/metadata/${app}/${revision}`;

/** Folders of the root that are no interfaces. */
export const NO_INTERFACES: ReadonlySet<string> = new Set(['config', 'mapping', 'metadata', 'service']);
