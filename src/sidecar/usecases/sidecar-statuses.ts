/** The sidecars of mesh.yaml with their states. */
import { messageOf, reasonOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { isRefusedBySystem } from '../../platform/null-if-missing.ts';
import type { SidecarStatus } from '../machine/upgrade-report.ts';
import type { SidecarPorts } from './ports.ts';
import { requireSidecar } from './sidecar-spec.ts';

/** A result and what was wrong on the way to it. */
interface Warned<T> {
  readonly result: T;
  readonly warnings: readonly string[];
}

/** One sidecar: how it is, or the error that kept everybody from asking. */
type Asked = { readonly status: SidecarStatus | null } | { readonly status: SidecarStatus; readonly error: unknown };

/**
 * One sidecar by its name, or all of mesh.yaml. Where mesh.yaml cannot be read or has not that name, those whose
 * supervisors answer. One that could not be asked is `unknown`, beside others that could. Throws WEIR4011 or the error of
 * the file where nobody answers either, and the first error of asking when none could be asked.
 */
export async function sidecarStatuses(
  ports: SidecarPorts,
  name: string | undefined,
): Promise<Warned<readonly SidecarStatus[]>> {
  try {
    const mesh = await ports.mesh.load();
    const wanted = name === undefined ? [...mesh.sidecars.values()] : [requireSidecar(mesh, name)];
    const asked = wanted.map((one) => ask(one.name, one.process !== undefined, ports.statusOf(one)));
    return { result: requireSight(await Promise.all(asked)), warnings: [] };
  } catch (error) {
    if (!(error instanceof WeirError) || error.exit !== 2) throw error;
    const names = (await ports.supervisedNames()).filter((one) => name === undefined || one === name);
    const asked = names.map((one) => ask(one, true, ports.supervisedStatus(one)));
    const result = requireSight(await Promise.all(asked));
    if (result.length === 0) throw error;
    return { result, warnings: [`going on without mesh.yaml: ${messageOf(error)}`] };
  }
}

/** Rejects with an error that is no refusal of the system or of this host. */
async function ask(name: string, managed: boolean, looked: Promise<SidecarStatus | null>): Promise<Asked> {
  try {
    return { status: await looked };
  } catch (error) {
    if (!(error instanceof WeirError ? error.exit === 3 : isRefusedBySystem(error))) throw error;
    const status: SidecarStatus = {
      ...{ name, state: 'unknown', detail: `it could not be asked: ${reasonOf(error)}` },
      ...{ epoch: null, pid: null, version: null, bootstrapSha256: null, managed, supervisorPid: null },
      ...{ connections: { active: null }, upgrade: null, crash: null, last: null },
    };
    return { status, error };
  }
}

/** A screen on which nothing is known is no answer. */
function requireSight(asked: readonly Asked[]): readonly SidecarStatus[] {
  const seen = asked.flatMap(({ status }) => status ?? []);
  if (seen.length === 0 || seen.some(({ state }) => state !== 'unknown')) return seen;
  const failed = asked.find((one) => 'error' in one);
  if (failed !== undefined) throw failed.error;
  throw new WeirError('WEIR2024', {
    what: `how ${seen.map(({ name }) => name).join(', ')} ${seen.length === 1 ? 'is' : 'are'} cannot be told`,
    why: seen.map(({ detail }) => detail).join('; '),
    hint: 'run weir as root; for EMFILE raise the limit of open files (`ulimit -n`); then run the command again',
  });
}
