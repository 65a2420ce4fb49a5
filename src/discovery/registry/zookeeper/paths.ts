/** Where Dubbo keeps what in ZooKeeper. */

/** The roots of a registry, from mesh.yaml. */
export interface ZooKeeperRoots {
  /** `/dubbo`: interfaces, mappings, metadata; '' where they lie below the root of the tree. */
  readonly root: string;
  /** `/services`: instances of applications; '' where they lie below the root of the tree. Dubbo puts them into `root` where its group is set. */
  readonly services: string;
}

/** The folder of all interfaces. */
export const rootPath = ({ root }: ZooKeeperRoots): string => root || '/';

/** The folder of all applications. */
export const servicesPath = ({ services }: ZooKeeperRoots): string => services || '/';

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

/** Folders below an interface: where interfaces and applications share a folder, these are no instances. */
const OF_INTERFACES: ReadonlySet<string> = new Set(['providers', 'consumers', 'configurators', 'routers']);

/** Whether a name in the folder of all applications may be one: Dubbo and ZooKeeper may have folders beside them. */
export function isApplication({ root, services }: ZooKeeperRoots, name: string): boolean {
  if (services === root && NO_INTERFACES.has(name)) return false;
  const path = `${services}/${name}`;
  return path !== '/zookeeper' && path !== root && !root.startsWith(`${path}/`);
}

/** Whether a name in the folder of an application may be an instance. */
export function isInstance({ root, services }: ZooKeeperRoots, name: string): boolean {
  return services !== root || !OF_INTERFACES.has(name);
}
