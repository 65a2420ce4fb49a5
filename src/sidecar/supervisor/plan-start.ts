/** What a supervisor would do first, found out by the checks of a real start. */
import { reasonOf } from '../../errors/message-of.ts';
import type { SidecarHost, SidecarSpec } from '../ports.ts';
import { type CheckPair, firstPair } from './first-pair.ts';
import { refuseForeign } from './refuse-foreign.ts';
import type { SupervisorEvent } from './supervisor-event.ts';

/** The first step of a supervisor. */
export type StartPlan = Extract<SupervisorEvent, { readonly event: 'plan' }>;

/**
 * Whether the Envoy of a sidecar would be adopted or started, and which. Throws what would keep the supervisor from
 * going on. The pairs of `host` decide whether a look at the files of mesh.yaml leaves something behind.
 */
export async function planStart(
  host: SidecarHost,
  spec: SidecarSpec,
  check: CheckPair,
  warn: (text: string) => void,
): Promise<StartPlan> {
  const first = await firstPair(host, spec, check, warn);
  const [{ found }, pointers, { newer }] = await Promise.all([
    host.findProcesses(spec),
    host.pairs.pointers(),
    host.journal.read(),
  ]);
  if (newer > 0) warn(`${newer} entries of its journal were written by a newer weir and are not read`);
  const serving = found.at(-1)?.launch ?? null;
  const id = serving?.generation.pair ?? first;
  const version = (await host.pairs.read(id))?.version ?? null;
  const { name } = spec;
  const envoy = `Envoy ${version ?? 'of unknown version'}`;
  if (serving !== null) {
    const pids = found.map(({ launch }) => launch.pid).join(', ');
    return {
      event: 'plan',
      text: `${name}: would adopt ${envoy}, pid ${pids}`,
      plan: 'adopt',
      pid: serving.pid,
      version,
    };
  }
  await refuseForeign(host, name, id);
  const what =
    first === pointers.current ? `the settled pair, ${envoy}` : `${spec.binary}, which mesh.yaml names, ${envoy}`;
  return { event: 'plan', text: `${name}: would start ${what}`, plan: 'start', pid: null, version };
}

/**
 * The same for all sidecars of a process. One that could not be started is tried again there and leaves the others alone;
 * throws the first error when none could.
 */
export async function planStarts(
  specs: readonly SidecarSpec[],
  planOf: (spec: SidecarSpec) => Promise<StartPlan>,
): Promise<readonly (StartPlan & { readonly sidecar: string })[]> {
  const errors: unknown[] = [];
  const plans: (StartPlan & { readonly sidecar: string })[] = [];
  for (const spec of specs) {
    const { name: sidecar } = spec;
    try {
      plans.push({ ...(await planOf(spec)), sidecar });
    } catch (error) {
      errors.push(error);
      const text = `${sidecar}: could not be started, and would be tried again: ${reasonOf(error)}`;
      plans.push({ event: 'plan', text, plan: 'retry', pid: null, version: null, sidecar });
    }
  }
  if (errors.length === plans.length && errors.length > 0) throw errors[0];
  return plans;
}
