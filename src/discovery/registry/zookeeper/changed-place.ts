/** What a changed path of ZooKeeper is about. */
import { isApplication, isInstance, rootPath, servicesPath, type ZooKeeperRoots } from './paths.ts';

/** The place to be read again. */
export type ChangedPlace =
  | { readonly kind: 'instances'; readonly app: string }
  | { readonly kind: 'instance'; readonly app: string; readonly id: string }
  /** The names below the root: an interface may be new. */
  | { readonly kind: 'interfaces' }
  /** The names below the folder of all applications. */
  | { readonly kind: 'apps' }
  | { readonly kind: 'providers'; readonly interface: string }
  | { readonly kind: 'provider'; readonly interface: string; readonly id: string }
  | { readonly kind: 'mapping'; readonly interface: string }
  | { readonly kind: 'metadata'; readonly app: string; readonly revision: string };

/** The place that a path of a watch event belongs to; null for nodes that no part of weir reads. */
export function changedPlace(roots: ZooKeeperRoots, path: string): ChangedPlace | null {
  const { root, services } = roots;
  if (path === rootPath(roots)) return { kind: 'interfaces' };
  if (path === servicesPath(roots)) return { kind: 'apps' };
  const [app = '', id, ...deeper] = below(services, path) ?? [];
  if (app !== '' && isApplication(roots, app) && (id === undefined || isInstance(roots, id))) {
    if (deeper.length > 0) return null;
    return id === undefined ? { kind: 'instances', app } : { kind: 'instance', app, id };
  }
  const [first = '', second, third, ...rest] = below(root, path) ?? [];
  if (first === 'mapping') return second === undefined ? null : { kind: 'mapping', interface: second };
  if (first === 'metadata') {
    const isRevision = second !== undefined && third !== undefined && rest.length === 0;
    return isRevision ? { kind: 'metadata', app: second, revision: third } : null;
  }
  if (second !== 'providers' || rest.length > 0) return null;
  return third === undefined
    ? { kind: 'providers', interface: first }
    : { kind: 'provider', interface: first, id: third };
}

/** The parts of a path below a folder; null when it lies elsewhere. */
function below(folder: string, path: string): readonly string[] | null {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1).split('/') : null;
}
