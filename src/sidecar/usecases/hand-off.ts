/** The replacement of supervisors by this weir, while their Envoys go on. */
import { WeirError } from '../../errors/weir-error.ts';
import type { SupervisorFacts, WeirBuild } from '../records/handoff-records.ts';
import { noSupervisor } from './ask-supervisor.ts';
import type { SidecarPorts, SupervisorLine } from './ports.ts';
import { readSidecarSpec, sidecarSpec } from './sidecar-spec.ts';

/** How long the other weir may take to adopt everything, and the pause between two looks, in ms. */
const [PATIENCE_MS, POLL_MS] = [60_000, 50] as const;

/** One supervisor process after the request. */
export interface HandedOff {
  readonly sidecars: readonly string[];
  readonly outcome: 'replaced' | 'unchanged';
  readonly pid: number;
  readonly from: WeirBuild;
  readonly to: WeirBuild;
  /** From the request until every sidecar was supervised again. */
  readonly ms: number;
}

/** This weir: what it is, and its command line without arguments. */
export interface OtherWeir {
  readonly build: WeirBuild;
  readonly program: readonly string[];
}

/**
 * Replaces the supervisor of a sidecar, or every supervisor of mesh.yaml (null), by this weir. A process that supervises
 * several sidecars is replaced once, for all of them. Throws WEIR4002 without a supervisor, WEIR4005 or WEIR4018 when it
 * is refused, WEIR4019 when the former weir goes on, WEIR4020 when nobody does.
 */
export async function handOff(
  ports: SidecarPorts,
  name: string | null,
  other: OtherWeir,
  hear: { warn(text: string): void; force: boolean },
): Promise<readonly HandedOff[]> {
  const done: HandedOff[] = [];
  for (const facts of await supervisorsOf(ports, name)) done.push(await replaceOne(ports, facts, other, hear));
  return done;
}

/** Each process once, in the order of mesh.yaml. */
async function supervisorsOf(ports: SidecarPorts, name: string | null): Promise<readonly SupervisorFacts[]> {
  if (name !== null) {
    await readSidecarSpec(ports.mesh, name);
    const facts = await factsOf(ports.supervisorOf(name), name);
    if (facts === null) throw noSupervisor(name, ports.supervisorOf(name).socket);
    return [facts];
  }
  const { sidecars } = await ports.mesh.load();
  const found = new Map<number, SupervisorFacts>();
  for (const sidecar of sidecars.values()) {
    if ((await sidecarSpec(sidecar, ports.mesh.primaryGroup)) === null) continue;
    const facts = await factsOf(ports.supervisorOf(sidecar.name), sidecar.name);
    if (facts !== null) found.set(facts.pid, facts);
  }
  if (found.size > 0) return [...found.values()];
  throw new WeirError('WEIR4002', {
    what: 'no sidecar of mesh.yaml has a supervisor',
    why: 'nobody answers on any of their control sockets',
    hint: 'start them with `weir sidecar run`, or by their service',
  });
}

/** Null: nobody answers. */
async function factsOf(line: SupervisorLine, name: string): Promise<SupervisorFacts | null> {
  try {
    const answer = await line.ask<'supervisor'>({ command: 'supervisor' });
    return answer.kind === 'result' ? answer.result : null;
  } catch (error) {
    if (!(error instanceof WeirError) || error.code !== 'WEIR2026') throw error;
    throw new WeirError('WEIR4018', {
      what: `the supervisor of ${name} cannot be replaced by a handoff`,
      why: `it is of a weir that does not know how: ${error.why}`,
      hint: 'end its process with SIGKILL: Envoy serves on, and the next supervisor adopts it',
    });
  }
}

async function replaceOne(
  ports: SidecarPorts,
  before: SupervisorFacts,
  { build, program }: OtherWeir,
  { warn, force }: { warn(text: string): void; force: boolean },
): Promise<HandedOff> {
  const { sidecars, pid, weir: from } = before;
  const [first = ''] = sidecars;
  if (sameBuild(from, build) && !force) return { sidecars, outcome: 'unchanged', pid, from, to: from, ms: 0 };
  const { clock } = ports;
  const began = clock.monotonic();
  const id = `${Math.round(clock.now())}-${pid}`;
  const envoys = await envoysOf(ports, sidecars);
  const line = ports.supervisorOf(first);
  const answer = await line.ask<'replace'>({ command: 'replace', id, program: [...program] });
  if (answer.kind === 'nobody') throw noSupervisor(first, line.socket);
  for (;;) {
    const facts = await factsOf(line, first);
    const isOther = facts !== null && facts.handoff?.id !== id;
    if (facts?.handoff?.id === id && facts.handoff.state === 'failed') throw cameBack(facts, facts.handoff.reason);
    if (isOther && facts.pid !== pid) {
      // The other weir ended, and a service manager has started one again.
      if (!sameBuild(facts.weir, build)) throw cameBack(facts, 'the other weir ended before it had adopted everything');
      warn(`the other weir ended once and was started again as process ${facts.pid}`);
    }
    const isDone = facts?.handoff?.id === id && facts.handoff.state === 'done';
    if (facts !== null && (isDone || (isOther && facts.pid !== pid))) {
      const ms = Math.round(clock.monotonic() - began);
      for (const [name, envoy] of await envoysOf(ports, sidecars)) {
        if (envoy !== envoys.get(name))
          warn(`the Envoy of ${name} is process ${envoy} now, it was ${envoys.get(name)}`);
      }
      return { sidecars: facts.sidecars, outcome: 'replaced', pid: facts.pid, from, to: facts.weir, ms };
    }
    if (clock.monotonic() - began > PATIENCE_MS) throw lost(sidecars, pid);
    await clock.sleep(POLL_MS);
  }
}

function sameBuild(a: WeirBuild, b: WeirBuild): boolean {
  return a.version === b.version && a.entry === b.entry && a.mark === b.mark && a.mark !== null;
}

async function envoysOf(ports: SidecarPorts, names: readonly string[]): Promise<ReadonlyMap<string, number | null>> {
  const { sidecars } = await ports.mesh.load();
  const found = new Map<string, number | null>();
  for (const name of names) {
    const sidecar = sidecars.get(name);
    if (sidecar !== undefined) found.set(name, (await ports.statusOf(sidecar)).pid);
  }
  return found;
}

function cameBack({ sidecars, weir }: SupervisorFacts, reason: string | null): WeirError {
  return new WeirError('WEIR4019', {
    what: `${sidecars.join(', ')}: the former weir ${weir.version} (${weir.entry}) supervises again`,
    why: reason ?? 'the other weir gave no reason',
    hint: 'Envoy was not touched; mend the other weir, then hand off again',
  });
}

function lost(sidecars: readonly string[], pid: number): WeirError {
  return new WeirError('WEIR4020', {
    what: `nobody answers for ${sidecars.join(', ')} since the handoff`,
    why: `process ${pid} was told to become the other weir, and did not say within ${PATIENCE_MS / 1000} s that it goes on`,
    hint: `Envoy serves on by itself; see the log of process ${pid}, end it if it hangs, and start \`weir sidecar run\` again`,
  });
}
