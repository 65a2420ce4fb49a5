/** The replacement of supervisors by this weir, while their Envoys go on. */
import { interruptedBy } from '../../errors/interrupted-by.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { AgentAnswer } from '../../platform/agent/ask-agent.ts';
import type { SupervisorFacts, WeirBuild } from '../records/handoff-records.ts';
import { noSupervisor, wentAway } from './ask-supervisor.ts';
import type { SidecarPorts, SupervisorLine } from './ports.ts';
import { readSidecarSpec, sidecarSpec } from './sidecar-spec.ts';

/** How long the other weir may take to adopt everything, and the pause between two looks, in ms. */
const [PATIENCE_MS, POLL_MS] = [60_000, 50] as const;
/** How long one look may take while the other weir adopts, and the last one for somebody who leaves, in ms. */
const [ANSWER_MS, LAST_WORD_MS] = [2000, 1000] as const;

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

/** How a handoff is asked for. */
export interface HandOff {
  warn(text: string): void;
  /** Also supervisors of this very build. */
  readonly force: boolean;
  /** Ends the waiting, and no handoff that has begun. */
  readonly signal: AbortSignal;
}

/**
 * Replaces the supervisor of a sidecar, or every supervisor of mesh.yaml (null), by this weir. A process that supervises
 * several sidecars is replaced once, for all of them. Throws WEIR4002 or WEIR4009 without a supervisor that answers,
 * WEIR4005 or WEIR4018 when it is refused, WEIR4019 when the former weir goes on, WEIR4020 when nobody does, WEIR2005
 * when `signal` aborts.
 */
export async function handOff(
  ports: SidecarPorts,
  name: string | null,
  other: OtherWeir,
  how: HandOff,
): Promise<readonly HandedOff[]> {
  const { signal } = how;
  const done: HandedOff[] = [];
  const found = await supervisorsOf(ports, name, signal).catch((error: unknown) => {
    throw signal.aborted ? interruptedBy(signal, 'no supervisor was asked to become this weir') : error;
  });
  for (const [index, facts] of found.entries()) {
    const left = () => leftText(done, found.slice(index + 1));
    done.push(await replaceOne(ports, facts, other, { ...how, left, done }));
  }
  return done;
}

/** What stands of the other supervisors when somebody leaves: those before this one, and those behind it. */
function leftText(done: readonly HandedOff[], rest: readonly SupervisorFacts[]): string {
  const names = (some: readonly { readonly sidecars: readonly string[] }[]) =>
    some.flatMap(({ sidecars }) => sidecars).join(', ');
  const before = done.length === 0 ? '' : `; supervised by this weir: ${names(done)}`;
  const behind = rest.length === 0 ? '' : `; nothing was asked of the supervisor of ${names(rest)}`;
  return `${before}${behind}`;
}

/** Each process once, in the order of mesh.yaml. */
async function supervisorsOf(
  ports: SidecarPorts,
  name: string | null,
  signal: AbortSignal,
): Promise<readonly SupervisorFacts[]> {
  const answerOf = async (one: string) => {
    const answer = await askFacts(ports.supervisorOf(one), one, signal);
    // One that went away, or that nobody waits for any more, was there: to leave it out would be an answer.
    if (answer.kind === 'gone' || signal.aborted) throw wentAway(one);
    return answer.kind === 'result' ? answer.result : null;
  };
  if (name !== null) {
    await readSidecarSpec(ports.mesh, name);
    const facts = await answerOf(name);
    if (facts === null) throw noSupervisor(name, ports.supervisorOf(name).socket);
    return [facts];
  }
  const { sidecars } = await ports.mesh.load();
  const found = new Map<number, SupervisorFacts>();
  for (const sidecar of sidecars.values()) {
    if ((await sidecarSpec(sidecar, ports.mesh.primaryGroup)) === null) continue;
    const facts = await answerOf(sidecar.name);
    if (facts !== null) found.set(facts.pid, facts);
  }
  if (found.size > 0) return [...found.values()];
  throw new WeirError('WEIR4002', {
    what: 'no sidecar of mesh.yaml has a supervisor',
    why: 'nobody answers on any of their control sockets',
    hint: 'start them with `weir sidecar run`, or by their service',
  });
}

async function askFacts(
  line: SupervisorLine,
  name: string,
  signal: AbortSignal,
): Promise<AgentAnswer<SupervisorFacts>> {
  try {
    return await line.ask<'supervisor'>({ command: 'supervisor' }, undefined, signal);
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
  { warn, force, signal, left, done }: HandOff & { left(): string; readonly done: readonly HandedOff[] },
): Promise<HandedOff> {
  const { sidecars, pid, weir: from } = before;
  const [first = ''] = sidecars;
  if (sameBuild(from, build) && !force) return { sidecars, outcome: 'unchanged', pid, from, to: from, ms: 0 };
  const { clock } = ports;
  const began = clock.monotonic();
  const id = `${Math.round(clock.now())}-${pid}`;
  const envoys = await envoysOf(ports, sidecars);
  const line = ports.supervisorOf(first);
  if (signal.aborted)
    throw interruptedBy(signal, `nothing was asked of the supervisor of ${sidecars.join(', ')}${left()}`, {
      details: { done },
    });
  const answer = await line.ask<'replace'>({ command: 'replace', id, program: [...program] }, undefined, signal);
  for (;;) {
    if (signal.aborted) {
      const { what, why } = await lastWord(line, before, { id, isTaken: answer.kind === 'result' });
      const hint = `\`weir sidecar status ${first}\` shows who supervises it; \`weir sidecar handoff ${first}\` asks again, and leaves one of this build alone`;
      throw interruptedBy(signal, `${what}${left()}`, { why, hint, details: { done } });
    }
    if (answer.kind === 'nobody') throw noSupervisor(first, line.socket);
    // One that hangs never answers, and the wait has its own end.
    const asked = await askFacts(line, first, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
    const facts = asked.kind === 'result' ? asked.result : null;
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
    await clock.sleep(POLL_MS, signal).catch(() => undefined);
  }
}

/** What stands of a handoff that nobody waits for any more. `isTaken`: the supervisor had let its sidecars go for it. */
async function lastWord(
  line: SupervisorLine,
  { sidecars, pid }: SupervisorFacts,
  { id, isTaken }: { readonly id: string; readonly isTaken: boolean },
): Promise<{ readonly what: string; readonly why: string }> {
  const names = sidecars.join(', ');
  const [first = ''] = sidecars;
  const answer = await askFacts(line, first, AbortSignal.timeout(LAST_WORD_MS)).catch(() => null);
  const facts = answer?.kind === 'result' && answer.result.handoff?.id === id ? answer.result : null;
  const who = facts === null ? '' : `weir ${facts.weir.version} (${facts.weir.entry}) in process ${facts.pid}`;
  if (facts?.handoff?.state === 'done')
    return { what: `${names}: supervised by ${who}`, why: 'the other weir had adopted everything by then' };
  if (facts?.handoff?.state === 'failed')
    return {
      what: `${names}: supervised by ${who}, the former one`,
      why: facts.handoff.reason ?? 'the other weir gave no reason',
    };
  if (facts !== null || isTaken)
    return {
      what: `process ${pid} goes on to become the other weir, for ${names}`,
      why: 'a handoff needs nobody who waits for it: the other weir adopts the Envoys, which serve meanwhile, or gives them back',
    };
  return {
    what: `whether the supervisor of ${names} begins the handoff cannot be told`,
    why: 'it begins nothing for somebody who went away before it had read the request, and tries the other weir first',
  };
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
