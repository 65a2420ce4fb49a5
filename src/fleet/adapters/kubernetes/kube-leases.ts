/** Leases of a store on a cluster: Lease objects, and whether they have ended by the clock of the API server. */
import { randomUUID } from 'node:crypto';
import { MANAGED_LABEL } from '../../model/cluster-objects.ts';
import { StoreFailure } from '../../ports.ts';
import { type KubeClient, type KubeObject, KubeRefusal } from './kube-client.ts';

/** The name of the Lease of the operator that moves waves. */
export const LEADER_LEASE = 'weir-leader';
/** The Lease of a host has this in front of the host's name. */
export const HOST_LEASE = 'weir-host-';

const LEASE_ID = 'weir.dev/lease';
const LABELS = { [MANAGED_LABEL]: 'weir' };
/** Lists only Leases that weir made. */
export const LEASE_QUERY = `labelSelector=${encodeURIComponent(`${MANAGED_LABEL}=weir`)}`;

/** A lease that this process was granted. Nothing is written before a key goes with it. */
interface Granted {
  readonly ttlMs: number;
  /** Before the request: what is stopped behind the answer must not take it for a fresh one. */
  renewedAt: number;
  /** Names of Lease objects, with what is removed with them: paths. */
  readonly held: Map<string, readonly string[]>;
}

/** The leases of one store. */
export class KubeLeases {
  readonly #client: KubeClient;
  readonly #path: string;
  readonly #granted = new Map<string, Granted>();

  readonly #monotonic: () => number;

  constructor(client: KubeClient, namespace: string, monotonic: () => number) {
    this.#client = client;
    this.#monotonic = monotonic;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  }

  grant(ttlMs: number): string {
    const id = randomUUID();
    this.#granted.set(id, { ttlMs, renewedAt: this.#monotonic(), held: new Map() });
    return id;
  }

  /** All Leases of weir, by name; those that have ended are left out. */
  async living(): Promise<ReadonlyMap<string, KubeObject>> {
    const { items, dateMs } = await this.#client.list(this.#path, { query: LEASE_QUERY });
    return new Map(
      items
        .filter((lease) => !hasEnded(lease, dateMs))
        .map((lease): [string, KubeObject] => [lease.metadata.name, lease]),
    );
  }

  /** One Lease that lives, or null. */
  async one(name: string): Promise<KubeObject | null> {
    const found = await this.#client.get(`${this.#path}/${name}`);
    return found === null || hasEnded(found.value, found.dateMs) ? null : found.value;
  }

  /**
   * Makes a Lease go with what was granted. `isFree`: only if nobody has it. Resolves to whether it was taken. `paths`
   * are removed when the lease is revoked.
   */
  async take(
    id: string,
    name: string,
    fields: {
      readonly holder: string;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly since?: string;
    },
    { isFree, paths }: { readonly isFree: boolean; readonly paths: readonly string[] },
  ): Promise<KubeObject | null> {
    const granted = this.#granted.get(id);
    if (granted === undefined) throw new StoreFailure('the lease is not known', 'refused');
    if (granted.held.has(name)) return {} as KubeObject;
    const askedAt = this.#monotonic();
    const found = await this.#client.get(`${this.#path}/${name}`);
    if (found !== null && isFree && !hasEnded(found.value, found.dateMs)) return null;
    const now = microTime();
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name,
        labels: LABELS,
        annotations: { [LEASE_ID]: id, ...fields.annotations },
        ...(found !== null && { resourceVersion: found.value.metadata.resourceVersion }),
      },
      spec: {
        holderIdentity: fields.holder,
        leaseDurationSeconds: Math.ceil(granted.ttlMs / 1000),
        acquireTime: fields.since === undefined ? now : microTime(fields.since),
        renewTime: now,
        leaseTransitions: found === null ? 0 : Number(found.value.spec?.leaseTransitions ?? 0) + 1,
      },
    };
    try {
      const { value } =
        found === null
          ? await this.#client.ask('POST', this.#path, lease)
          : await this.#client.ask('PUT', `${this.#path}/${name}`, lease);
      granted.held.set(name, paths);
      granted.renewedAt = askedAt;
      return value;
    } catch (error) {
      if (error instanceof KubeRefusal && (error.reason === 'Conflict' || error.reason === 'AlreadyExists'))
        return null;
      throw error;
    }
  }

  async keepAlive(id: string): Promise<boolean> {
    const granted = this.#granted.get(id);
    if (granted === undefined) return false;
    const askedAt = this.#monotonic();
    const isLate = askedAt - granted.renewedAt > granted.ttlMs;
    for (const [name] of granted.held) {
      const path = `${this.#path}/${name}`;
      const found = isLate ? await this.#client.get(path) : null;
      const isGone = isLate && (found === null || hasEnded(found.value, found.dateMs));
      if (isGone || !(await this.#renew(id, path))) {
        this.#granted.delete(id);
        return false;
      }
    }
    granted.renewedAt = askedAt;
    return true;
  }

  /** A Lease that somebody else took over, or removed, is not renewed. */
  async #renew(id: string, path: string): Promise<boolean> {
    const test = [
      { op: 'test', path: `/metadata/annotations/${LEASE_ID.replace('/', '~1')}`, value: id },
      { op: 'replace', path: '/spec/renewTime', value: microTime() },
    ];
    try {
      await this.#client.ask('PATCH', path, test, 'application/json-patch+json');
      return true;
    } catch (error) {
      // A `test` that does not hold is Invalid (422).
      if (error instanceof KubeRefusal && (error.reason === 'NotFound' || error.status === 422)) return false;
      throw error;
    }
  }

  /** Ends what was granted: Leases that are still its own are removed, and what went with them. */
  async revoke(id: string): Promise<void> {
    const granted = this.#granted.get(id);
    if (granted === undefined) return;
    this.#granted.delete(id);
    for (const [name, paths] of granted.held) {
      const found = await this.#client.get(`${this.#path}/${name}`);
      if (found?.value.metadata.annotations?.[LEASE_ID] !== id) continue;
      for (const path of paths) await this.#remove(path);
      await this.#remove(`${this.#path}/${name}`, found.value.metadata.resourceVersion);
    }
  }

  async #remove(path: string, resourceVersion?: string): Promise<void> {
    const body = resourceVersion === undefined ? {} : { preconditions: { resourceVersion } };
    try {
      await this.#client.ask('DELETE', path, { apiVersion: 'v1', kind: 'DeleteOptions', ...body });
    } catch (error) {
      if (error instanceof KubeRefusal && (error.reason === 'NotFound' || error.reason === 'Conflict')) return;
      throw error;
    }
  }
}

/**
 * Whether a Lease has ended, by the server's clock alone: the time of its last change is the server's, and so is the
 * date of the answer. Both are whole seconds, so that an age can be a second too large. Throws `StoreFailure` without a
 * date: by another clock a lease that lives could be taken.
 */
export function hasEnded(lease: KubeObject, dateMs: number | null): boolean {
  const { holderIdentity, leaseDurationSeconds, renewTime } = lease.spec ?? {};
  if (!holderIdentity) return true;
  if (dateMs === null) {
    const what = `whether the Lease ${lease.metadata.name} has ended cannot be told`;
    throw new StoreFailure(`${what}: the answers of the API server have no Date`, 'refused');
  }
  const changed = (lease.metadata.managedFields ?? []).map(({ time }) => Date.parse(time ?? ''));
  const last = Math.max(...changed.filter((time) => !Number.isNaN(time)));
  const renewed = Number.isFinite(last) ? last : Date.parse(renewTime ?? '');
  return !(dateMs - renewed < (Number(leaseDurationSeconds ?? 0) + 1) * 1000);
}

/** MicroTime, as Leases have it. */
function microTime(time?: string): string {
  const date = time === undefined ? new Date() : new Date(time);
  return date.toISOString().replace('Z', '000Z');
}
