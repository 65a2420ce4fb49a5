/** The keys of a region in a store, and their parts. */
import type { ObjectKind } from './object-schemas.ts';

/** The folder of each kind: the plurals of the CRDs. */
export const PLURALS: Readonly<Record<ObjectKind, string>> = {
  MeshPolicy: 'meshpolicies',
  SidecarRelease: 'sidecarreleases',
  Gateway: 'gateways',
};

/** The keys of one region. */
export class RegionKeys {
  readonly root: string;

  constructor(region: string) {
    this.root = `/weir/${region}/`;
  }

  /** All objects of a kind. */
  objects(kind: ObjectKind): string {
    return `${this.root}${PLURALS[kind]}/`;
  }

  object(kind: ObjectKind, name: string): string {
    return `${this.objects(kind)}${name}`;
  }

  get hosts(): string {
    return `${this.root}hosts/`;
  }

  get hostStatuses(): string {
    return `${this.root}hoststatuses/`;
  }

  get rollouts(): string {
    return `${this.root}rollouts/`;
  }

  get leader(): string {
    return `${this.root}leader`;
  }

  get accepted(): string {
    return `${this.root}accepted`;
  }

  get history(): string {
    return `${this.root}history/`;
  }
}

/** The kind of a key's folder, and the rest of the key; null for another key. */
export function objectOfKey(root: string, key: string): { readonly kind: ObjectKind; readonly name: string } | null {
  for (const [kind, plural] of Object.entries(PLURALS)) {
    const folder = `${root}${plural}/`;
    if (key.startsWith(folder)) return { kind: kind as ObjectKind, name: key.slice(folder.length) };
  }
  return null;
}

/** The last part of a key. */
export function nameOfKey(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
