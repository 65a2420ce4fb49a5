/** The cluster as its operator works on it, beside the store. */
import { randomUUID } from 'node:crypto';
import { MANAGED_LABEL } from '../../model/cluster-objects.ts';
import type { PodObject, PresentSet } from '../../model/kruise/pods.ts';
import { KRUISE_API } from '../../model/kruise/sidecar-set.ts';
import type { ClusterCondition, ClusterPort } from '../../operator/cluster-port.ts';
import { StoreFailure } from '../../ports.ts';
import type { KubernetesConfig } from './cluster-access.ts';
import { type KubeClient, type KubeObject, KubeRefusal } from './kube-client.ts';
import { LEASE_QUERY } from './kube-leases.ts';

/** Keeps a deleted object in the store until the operator has removed what it had made of it. */
const FINALIZER = 'weir.dev/operator';
const MANAGER = 'weir-operator';
const [APPLY, MERGE] = ['application/apply-patch+yaml', 'application/merge-patch+json'] as const;
const SETS = `/apis/${KRUISE_API}/sidecarsets`;

/** How often a change is tried when somebody else changes the same object. */
const TRIES = 3;

/** The collections of kinds that are applied. */
const COLLECTIONS: Readonly<Record<string, readonly [api: string, plural: string]>> = {
  Deployment: ['/apis/apps/v1', 'deployments'],
  Service: ['/api/v1', 'services'],
  ConfigMap: ['/api/v1', 'configmaps'],
};

/** The port on a cluster; `holder` is who reports events. */
export function kubeCluster(client: KubeClient, { namespace }: KubernetesConfig, holder: string): ClusterPort {
  const own = (plural: string, name: string) => `/apis/weir.dev/v1/namespaces/${namespace}/${plural}/${name}`;
  const collection = (kind: string) => {
    const [api, plural] = COLLECTIONS[kind] ?? ['', ''];
    return `${api}/namespaces/${namespace}/${plural}`;
  };
  // In the background: nobody waits here until the pods of a Deployment are gone. One that is not there is removed.
  const remove = async (path: string) => {
    try {
      await client.ask('DELETE', path, { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' });
    } catch (error) {
      if (!(error instanceof KubeRefusal) || error.status !== 404) throw error;
    }
  };
  // With the version that was read: what somebody else writes meanwhile is a conflict, and is not written over.
  const change = async (
    path: string,
    part: '' | '/status',
    patchOf: (object: KubeObject) => { readonly metadata?: object; readonly status?: object } | null,
  ) => {
    for (let tries = 1; ; tries += 1) {
      const found = await client.get(path);
      const patch = found === null ? null : patchOf(found.value);
      if (found === null || patch === null) return;
      const metadata = { ...patch.metadata, resourceVersion: found.value.metadata.resourceVersion };
      try {
        await client.ask('PATCH', `${path}${part}`, { ...patch, metadata }, MERGE);
        return;
      } catch (error) {
        if (!(error instanceof KubeRefusal) || error.reason !== 'Conflict' || tries === TRIES) throw error;
      }
    }
  };
  // Server-side apply: what others wrote into other fields stays. Fields that weir writes become its own, and whose they were is told.
  const applied = async (path: string, document: object): Promise<{ object: KubeObject; taken: readonly string[] }> => {
    const own = `${path}?fieldManager=${MANAGER}`;
    try {
      return { object: (await client.ask('PATCH', own, document, APPLY)).value, taken: [] };
    } catch (error) {
      if (!(error instanceof KubeRefusal) || error.owned.length === 0) throw error;
      return { object: (await client.ask('PATCH', `${own}&force=true`, document, APPLY)).value, taken: error.owned };
    }
  };
  return {
    async sidecarSets() {
      const { items } = await client.list(SETS, { query: LEASE_QUERY }).catch((error: unknown) => {
        // Of a kind that it does not know a server says "404 page not found".
        if (!(error instanceof KubeRefusal) || error.status !== 404) throw error;
        throw new StoreFailure(`${client.place}: there is no OpenKruise (no sidecarsets of ${KRUISE_API})`, 'refused');
      });
      return new Map(items.map((one): [string, PresentSet] => [one.metadata.name, one]));
    },
    async applySidecarSet(document) {
      return await applied(`${SETS}/${document.metadata.name}`, document);
    },
    removeSidecarSet: (name) => remove(`${SETS}/${name}`),
    async pods(labels, namespaces) {
      const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
      const query = `labelSelector=${encodeURIComponent(selector.join(','))}`;
      const paths = namespaces === null ? ['/api/v1/pods'] : namespaces.map((one) => `/api/v1/namespaces/${one}/pods`);
      const lists = await Promise.all(paths.map((path) => client.list(path, { query })));
      return lists.flatMap(({ items }) => items) as readonly PodObject[];
    },
    async podsNamed(name, namespace) {
      const path = namespace === null ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`;
      const query = `fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
      return (await client.list(path, { query })).items as readonly PodObject[];
    },
    async lives(plural) {
      const { items } = await client.list(own(plural, '').replace(/\/$/, ''));
      return items.map(({ metadata: { name, uid, generation, deletionTimestamp, finalizers } }) => ({
        name,
        version: `${uid}/${generation}`,
        isDeleted: deletionTimestamp !== undefined,
        deletedAtMs: deletionTimestamp === undefined ? null : Date.parse(deletionTimestamp),
        hasFinalizer: finalizers?.includes(FINALIZER) === true,
      }));
    },
    async setFinalizer(plural, name, isSet) {
      await change(own(plural, name), '', ({ metadata: { finalizers = [] } }) => {
        const others = finalizers.filter((one) => one !== FINALIZER);
        return { metadata: { finalizers: isSet ? [...others, FINALIZER] : others } };
      });
    },
    async condition(plural, name) {
      const found = await client.get(own(plural, name));
      const all: { type: string; status: string; reason?: string; message?: string }[] =
        found?.value.status?.conditions ?? [];
      const one = all.find(({ type }) => type === 'Synced' || type === 'Ready');
      if (one === undefined) return null;
      const { type, status, reason = '', message = '' } = one;
      return { type: type as ClusterCondition['type'], status: status === 'True', reason, message };
    },
    async setCondition(plural, name, condition) {
      await change(own(plural, name), '/status', (object) => {
        const conditions = withCondition(object, condition);
        return conditions === null ? null : { status: { conditions } };
      });
    },
    async apply(document) {
      const { kind, metadata } = document as { kind: string; metadata: { name: string } };
      return await applied(`${collection(kind)}/${metadata.name}`, document);
    },
    hasConfigMap: async (name) => (await client.get(`${collection('ConfigMap')}/${name}`)) !== null,
    removeOwn: (kind, name) => remove(`${collection(kind)}/${name}`),
    async event({ kind, name }, { type, reason, message }) {
      // `eventTime` is a MicroTime: six digits of a second.
      const now = new Date().toISOString().replace('Z', '000Z');
      await client.ask('POST', `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
        ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event' },
        metadata: {
          name: `${name.slice(0, 180)}.${randomUUID().slice(0, 13)}`,
          namespace,
          labels: { [MANAGED_LABEL]: 'weir' },
        },
        ...{ eventTime: now, reportingController: 'weir.dev/operator', reportingInstance: holder, action: reason },
        regarding: { apiVersion: 'weir.dev/v1', kind, namespace, name },
        ...{ type, reason, note: message.slice(0, 1000) },
      });
    },
    async watchSidecarSets(changed, signal) {
      const { resourceVersion } = await client.list(SETS, { query: LEASE_QUERY });
      let from = resourceVersion;
      for (;;) {
        const end = await client.watch(
          SETS,
          { from, query: LEASE_QUERY },
          ({ type, object }) => {
            from = object.metadata.resourceVersion ?? from;
            if (type !== 'BOOKMARK') changed();
          },
          signal,
        );
        if (signal.aborted || end.kind !== 'idle') return;
      }
    },
  };
}

/**
 * The conditions with one replaced; null when it is there already. `lastTransitionTime` moves with the status only, not
 * with its reason (API conventions of Kubernetes).
 */
function withCondition(object: KubeObject, { type, status, reason, message }: ClusterCondition): object[] | null {
  const before: Readonly<Record<string, unknown>>[] = object.status?.conditions ?? [];
  const word = status ? 'True' : 'False';
  const same = before.find((one) => one.type === type);
  const { generation: observedGeneration } = object.metadata;
  const isSeen = same?.observedGeneration === observedGeneration;
  if (isSeen && same?.status === word && same.reason === reason && same.message === message) return null;
  const lastTransitionTime = same?.status === word ? same.lastTransitionTime : new Date().toISOString();
  return [
    ...before.filter((one) => one.type !== type),
    { type, status: word, reason, message, observedGeneration, lastTransitionTime },
  ];
}
