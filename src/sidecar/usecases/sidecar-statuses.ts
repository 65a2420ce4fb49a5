/** The sidecars of mesh.yaml with their states. */
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { SidecarStatus } from '../machine/upgrade-report.ts';
import type { SidecarPorts } from './ports.ts';
import { requireSidecar } from './sidecar-spec.ts';

/** A result and what was wrong on the way to it. */
interface Warned<T> {
  readonly result: T;
  readonly warnings: readonly string[];
}

/**
 * One sidecar by its name, or all of mesh.yaml. Where mesh.yaml cannot be read or has not that name, those whose
 * supervisors answer. Throws WEIR4011 or the error of the file where nobody answers either.
 */
export async function sidecarStatuses(
  ports: SidecarPorts,
  name: string | undefined,
): Promise<Warned<readonly SidecarStatus[]>> {
  try {
    const mesh = await ports.mesh.load();
    const wanted = name === undefined ? [...mesh.sidecars.values()] : [requireSidecar(mesh, name)];
    return { result: await Promise.all(wanted.map((sidecar) => ports.statusOf(sidecar))), warnings: [] };
  } catch (error) {
    if (!(error instanceof WeirError) || error.exit !== 2) throw error;
    const names = (await ports.supervisedNames()).filter((one) => name === undefined || one === name);
    const answered = await Promise.all(names.map((one) => ports.supervisedStatus(one)));
    const result = answered.filter((status) => status !== null);
    if (result.length === 0) throw error;
    return { result, warnings: [`going on without mesh.yaml: ${messageOf(error)}`] };
  }
}
