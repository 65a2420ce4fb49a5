/** The traps of SidecarSets: what OpenKruise takes although it is wrong, or refuses only when it is too late. */

/** What a trap is, and the way out of it. */
export interface Trap {
  readonly severity: 'error' | 'warning';
  readonly title: string;
  readonly why: string;
  readonly hint: string;
}

/** All traps, by code. */
export const TRAPS = {
  WF001: {
    severity: 'error',
    title: 'HotUpgrade without hotUpgradeEmptyImage',
    why: 'OpenKruise takes it; the pod is then injected with two containers of the real image, and both start a sidecar.',
    hint: 'give upgradeStrategy.hotUpgradeEmptyImage: an image that has weir and nothing to run',
  },
  WF002: {
    severity: 'error',
    title: 'maxUnavailable is 0',
    why: 'OpenKruise takes it, and no pod is ever upgraded; nothing says why.',
    hint: 'take 1 or more, or a share such as 10%',
  },
  WF003: {
    severity: 'error',
    title: 'a field that containers do not have',
    why: 'The schema of SidecarSets keeps no fields of containers: a mistyped one is dropped without a word.',
    hint: 'correct the name, or remove the field',
  },
  WF004: {
    severity: 'error',
    title: 'HotUpgrade without a postStart hook',
    why: 'OpenKruise empties the former container as soon as the new one is ready: connections that still drain are cut.',
    hint: 'lifecycle.postStart.exec.command: [weir, sidecar, wait-settled, NAME, --timeout, 5m]',
  },
  WF005: {
    severity: 'error',
    title: 'an apiVersion that this OpenKruise does not serve',
    why: 'Up to 1.8 OpenKruise serves SidecarSets as apps.kruise.io/v1alpha1 only.',
    hint: 'write apiVersion: apps.kruise.io/v1alpha1, or say with --kruise which version runs',
  },
  WF006: {
    severity: 'error',
    title: 'patchPodMetadata without a whitelist',
    why: 'OpenKruise refuses annotations that SidecarSet_PatchPodMetadata_WhiteList of ConfigMap kruise-configuration does not allow.',
    hint: 'add the key to ConfigMap kruise-configuration in kruise-system, and give that file to lint too',
  },
  WF007: {
    severity: 'error',
    title: 'image and other fields of a container changed together',
    why: 'Only images are replaced in running pods: with another field changed too nothing moves (SidecarSetUpgradable=False), or the image moves without it.',
    hint: 'change the image in one step, and the rest with new pods',
  },
  WF008: {
    severity: 'error',
    title: 'image set back while partition is not 0',
    why: 'Pods that have the new image stay on it: partition counts the pods that are left as they are, and those are left.',
    hint: 'set partition: 0 first or in the same step, then the old image; `weir fleet rollout undo` does that',
  },
  WF009: {
    severity: 'warning',
    title: 'partition without injectionStrategy.revision',
    why: 'New pods get the newest image whatever the partition says.',
    hint: 'injectionStrategy.revision: {customVersion: THE FORMER ONE, policy: Partial}',
  },
  WF010: {
    severity: 'error',
    title: 'upgradeType changed',
    why: 'It cannot be changed for a container of that name; removed and made anew over old pods it has stopped the controller of OpenKruise.',
    hint: 'give the container another name, and let its pods be made anew',
  },
  WF011: {
    severity: 'error',
    title: 'a wave that OpenKruise cannot do',
    why: 'A wave of pods is a share (partition) or labels (selector); OpenKruise takes one of the two, and no names.',
    hint: 'write {percent: N} or {labels: {...}}',
  },
  WF012: {
    severity: 'warning',
    title: 'waves that do not grow, or never reach all pods',
    why: 'Shares count from the first pod: a smaller one after a larger one moves nothing, and below 100 some pods keep the former version.',
    hint: 'let percent grow, and end with {percent: 100}',
  },
  WF013: {
    severity: 'error',
    title: 'a container added or taken away',
    why: 'OpenKruise refuses a SidecarSet with a container that it did not have. One that is taken away stays in running pods, which then take no new image (SidecarSetUpgradable=False), and it cannot be put back.',
    hint: 'keep the containers; for pods that are made anew write another one, with another name and another selector',
  },
  WF014: {
    severity: 'warning',
    title: 'image and hostImage changed together',
    why: 'OpenKruise empties the former container of the sidecar when weir-host is ready too: one that does not start leaves the pod half way, with an image in both containers.',
    hint: 'bring them in two rollouts',
  },
} as const satisfies Readonly<Record<`WF${number}`, Trap>>;

/** The code of a trap. */
export type TrapCode = keyof typeof TRAPS;
