/** A release for pods as a SidecarSet of OpenKruise: hot upgrade with two containers, and how far its waves let it go. Pure. */
import { MANAGED_LABEL } from '../cluster-objects.ts';
import type { SidecarRelease } from '../object-schemas.ts';
import { POD_FILES } from '../pod-info.ts';
import type { Selector } from '../selector.ts';

/** A label of a SidecarSet: the release that it carries out. */
const RELEASE_LABEL = 'weir.dev/release';
/** OpenKruise's own label for the version of a SidecarSet, by which new pods can be given a former one. */
export const CUSTOM_VERSION = 'apps.kruise.io/sidecarset-custom-version';
/** The version that OpenKruise 1.8 serves, and later ones too. */
export const KRUISE_API = 'apps.kruise.io/v1alpha1';

/** The container that follows the fleet in a pod, and the ConfigMap in the namespace of the pod with fleet.yaml and mesh.yaml. */
export const HOST_CONTAINER = 'weir-host';
/** The volumes that both containers of a hot upgrade share. */
const SHARED = [
  { name: 'weir-run', mountPath: '/run/weir' },
  { name: 'weir-state', mountPath: '/var/lib/weir' },
];

/** How far a SidecarSet lets pods go. */
export type Reach =
  | { readonly kind: 'partition'; readonly partition: string }
  | { readonly kind: 'selector'; readonly labels: Readonly<Record<string, string>> };

/** A SidecarSet as weir writes it. */
export type SidecarSet = Readonly<Record<string, unknown>> & {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
};

/** Why a release cannot be carried out by OpenKruise; null when it can. */
export function whyNotForPods({ spec }: SidecarRelease): string | null {
  if (spec.pods === undefined) return 'it is for hosts: pods.selector is missing';
  if (Object.keys(spec.pods.selector).length === 0) return 'pods.selector selects nothing';
  if (spec.version.image === undefined) return 'version.image is missing';
  if (spec.version.emptyImage === undefined) return 'version.emptyImage is missing: a hot upgrade needs it';
  if (spec.version.hostImage !== undefined && containerName(spec.sidecar) === HOST_CONTAINER)
    return `the container of a sidecar ${spec.sidecar} would be ${HOST_CONTAINER}, as that of version.hostImage is: give the sidecar another name`;
  const wrong = spec.waves.findIndex((wave) => reachOf(wave) === null);
  if (wrong >= 0) return `wave ${wrong + 1} is not one of percent and labels: OpenKruise knows partition or selector`;
  return null;
}

/** The name of the SidecarSet of a release: OpenKruise takes letters, digits and dashes. */
export function sidecarSetName(release: string): string {
  return release.replace(/[^A-Za-z0-9-]/g, '-');
}

/** How far a wave lets pods go; wave 0 lets none. Null for a wave that OpenKruise cannot do. */
export function reachOfWave(release: SidecarRelease, wave: number): Reach | null {
  if (wave <= 0) return { kind: 'partition', partition: '100%' };
  const selector = release.spec.waves[Math.min(wave, release.spec.waves.length) - 1];
  return selector === undefined ? null : reachOf(selector);
}

function reachOf({ names, labels, percent }: Selector): Reach | null {
  if (names !== undefined || (labels !== undefined && percent !== undefined)) return null;
  if (labels !== undefined) return { kind: 'selector', labels };
  return { kind: 'partition', partition: `${Math.floor(100 - (percent ?? 100))}%` };
}

/** How many of the pods a partition lets move, as OpenKruise counts: it keeps a broken share, and at least one moves. */
export function podsToMove(partition: string, total: number): number {
  const share = Number.parseInt(partition, 10);
  const kept = Math.ceil((share * total) / 100);
  return total - (total > 1 && kept === total && share !== 100 ? total - 1 : kept);
}

/**
 * The SidecarSet. `former` is the custom version of which pods are made that are new during the waves; without it they
 * get the new one. `custom` is its own.
 */
export function renderSidecarSet(
  release: SidecarRelease,
  reach: Reach,
  former: string | null,
  custom = release.spec.version.name,
): SidecarSet {
  const { metadata, spec } = release;
  const { sidecar, version, pods, budget } = spec;
  const namespaces = pods?.namespaces;
  const holdsBack = reach.kind === 'selector' || reach.partition !== '0%';
  const command = ['weir', 'sidecar', 'run', sidecar];
  const settled = ['weir', 'sidecar', 'wait-settled', sidecar, '--timeout', '5m'];
  return {
    apiVersion: KRUISE_API,
    kind: 'SidecarSet',
    metadata: {
      name: sidecarSetName(metadata.name),
      labels: { [MANAGED_LABEL]: 'weir', [RELEASE_LABEL]: metadata.name, [CUSTOM_VERSION]: custom },
    },
    spec: {
      selector: { matchLabels: pods?.selector ?? {} },
      ...(namespaces !== undefined && {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces }],
        },
      }),
      ...(holdsBack &&
        former !== null && { injectionStrategy: { revision: { customVersion: former, policy: 'Partial' } } }),
      updateStrategy: {
        type: 'RollingUpdate',
        maxUnavailable: budget?.maxUnavailable ?? 1,
        ...(reach.kind === 'partition' ? { partition: reach.partition } : { selector: { matchLabels: reach.labels } }),
      },
      volumes: [
        { name: 'weir-run', emptyDir: { medium: 'Memory' } },
        { name: 'weir-state', emptyDir: {} },
        ...(version.hostImage === undefined ? [] : HOST_VOLUMES),
      ],
      containers: [
        {
          name: containerName(sidecar),
          image: version.image,
          podInjectPolicy: 'BeforeAppContainer',
          shareVolumePolicy: { type: 'disabled' },
          upgradeStrategy: { upgradeType: 'HotUpgrade', hotUpgradeEmptyImage: version.emptyImage },
          command,
          lifecycle: { postStart: { exec: { command: settled } } },
          volumeMounts: SHARED,
          resources: { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '512Mi' } },
        },
        ...(version.hostImage === undefined ? [] : [hostContainer(version.hostImage)]),
      ],
    },
  };
}

const HOST_VOLUMES = [
  { name: 'weir-fleet', configMap: { name: HOST_CONTAINER } },
  {
    name: 'podinfo',
    downwardAPI: { items: POD_FILES.map((path) => ({ path, fieldRef: { fieldPath: `metadata.${path}` } })) },
  },
];

/** Switches applications in the running pod as the region wants; it restarts with its image, and rules and sidecar stay. */
function hostContainer(image: string): object {
  return {
    ...{ name: HOST_CONTAINER, image, podInjectPolicy: 'BeforeAppContainer', shareVolumePolicy: { type: 'disabled' } },
    upgradeStrategy: { upgradeType: 'ColdUpgrade' },
    command: ['weir', 'host', 'run', '--pod'],
    securityContext: { capabilities: { add: ['NET_ADMIN'] } },
    volumeMounts: [
      ...SHARED,
      { name: 'weir-fleet', mountPath: '/etc/weir', readOnly: true },
      { name: 'podinfo', mountPath: '/etc/podinfo', readOnly: true },
    ],
    resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: { memory: '192Mi' } },
  };
}

/** Names of containers are DNS labels. */
export function containerName(sidecar: string): string {
  const name = sidecar.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  return name.startsWith('weir') ? name : `weir-${name}`;
}
