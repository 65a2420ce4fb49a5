/** The role of a container in an OpenKruise hot upgrade. */
import { WeirError } from '../errors/weir-error.ts';

/**
 * The task of a container in an OpenKruise hot upgrade. `alone`: there is no such upgrade here. `fresh`: start the
 * sidecar. `take-over`: replace the sidecar of the other container. `idle`: the other container serves.
 */
export type ContainerRole = 'alone' | 'fresh' | 'take-over' | 'idle';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Decides the role from the two variables that OpenKruise injects: the version of this container's sidecar, and that of
 * the other one. At injection they are 1 and 0 in the first container, 0 and 1 in the second. At an upgrade this
 * container's version becomes the resource version of the SidecarSet (any 64-bit number); the other one's stays. After
 * the upgrade the emptied container gets 0, and so does ALT of the other one. The kubelet reads them when a container
 * starts, so a restarted container sees the present values. Source: kruise
 * pkg/webhook/pod/mutating/sidecarset_hotupgrade.go and pkg/controller/sidecarset. Throws WEIR4016 when they are no
 * such numbers.
 */
export function containerRole(environment: Environment): ContainerRole {
  const version = versionOf(environment, 'SIDECARSET_VERSION');
  const other = versionOf(environment, 'SIDECARSET_VERSION_ALT');
  if (version === null && other === null) return 'alone';
  if (version === null || other === null) {
    throw misconfigured(`${version === null ? 'SIDECARSET_VERSION' : 'SIDECARSET_VERSION_ALT'} is missing`);
  }
  if (version === other) throw misconfigured(`SIDECARSET_VERSION and SIDECARSET_VERSION_ALT are both ${version}`);
  if (other > version) return 'idle';
  return other === 0n ? 'fresh' : 'take-over';
}

/** This container's version; null outside of an OpenKruise hot upgrade. */
export function containerVersion(environment: Environment): string | null {
  return versionOf(environment, 'SIDECARSET_VERSION')?.toString() ?? null;
}

function versionOf(environment: Environment, name: string): bigint | null {
  const text = environment[name];
  if (text === undefined || text === '') return null;
  if (!/^\d{1,20}$/.test(text)) throw misconfigured(`${name} is ${JSON.stringify(text)}, which is no version`);
  return BigInt(text);
}

function misconfigured(why: string): WeirError {
  return new WeirError('WEIR4016', {
    what: 'this container does not know its part in the hot upgrade',
    why,
    hint: 'let OpenKruise inject both variables (`upgradeStrategy.upgradeType: HotUpgrade`), or set neither',
  });
}
