/** The execution of each action of the upgrade machine. */
import { messageOf } from '../../errors/message-of.ts';
import type { SidecarInterception } from '../../interception/supervised/ports.ts';
import type { SidecarAction } from '../machine/sidecar-state.ts';
import type { UpgradeReport } from '../machine/upgrade-report.ts';
import type { SidecarNote } from '../ports.ts';
import { checkHandover } from './check-handover.ts';
import { checkNew } from './check-new.ts';
import type { DrainWatch } from './drain-watch.ts';
import { killUnlessServing } from './kill-unless-serving.ts';
import { servingOf } from './machine-view.ts';
import { markExpendable } from './mark-expendable.ts';
import { runPreflight } from './run-preflight.ts';
import type { Supervised } from './supervised.ts';
import type { SupervisorEvent } from './supervisor-event.ts';
import { takeSnapshot } from './take-snapshot.ts';
import { tellSdks } from './tell-sdks.ts';
import { watchBake } from './watch-bake.ts';

// A sink must outlive the parent-shutdown timer of the process that it keeps alive.
const SINK_SPARE_S = 30;

type ActionOf<Type extends SidecarAction['type']> = Extract<SidecarAction, { type: Type }>;

/** The dependencies of the actions besides the supervised sidecar. */
export interface ActionTools {
  readonly interception: SidecarInterception;
  readonly drains: DrainWatch;
  /** Watches the end of a process that was started. */
  started(id: number): void;
  say(event: SupervisorEvent): void;
  note(note: SidecarNote): Promise<void>;
  /** The report of the upgrade under way; null when there is none. */
  endJob(end: ActionOf<'report'>): UpgradeReport | null;
  /** Answers those who wait for it, and forgets it. */
  forgetJob(): void;
}

type Handlers = {
  readonly [Type in SidecarAction['type']]: (action: ActionOf<Type>) => Promise<void> | void;
};

/** Makes the function that carries an action out; it rejects with any refusal of the host. */
export function actionPerformer(sidecar: Supervised, tools: ActionTools): (action: SidecarAction) => Promise<void> {
  const { host, specs } = sidecar;
  let snapshot: readonly string[] = [];
  let baked = 0;
  /** Starts work that answers by an event; it must not delay the next actions. */
  const begin = (type: SidecarAction['type'], work: Promise<void>) => {
    work.catch((error: Error) => sidecar.warn(`${type}: ${error.message}`));
  };

  const handlers: Handlers = {
    preflight: ({ type, upgrade, serving }) => begin(type, runPreflight(sidecar, upgrade, serving)),
    async snapshot({ upgrade, serving }) {
      const requestId = upgrade.request.id;
      try {
        snapshot = await takeSnapshot(sidecar, { upgrade, serving }, snapshot);
        sidecar.dispatch({ type: 'snapshot-done', requestId });
      } catch (error) {
        const reason = `the listeners of the serving process cannot be read: ${(error as Error).message}`;
        sidecar.dispatch({ type: 'preflight-refused', requestId, reason, outcome: 'refused' });
      }
    },
    async 'clear-flag'({ variant }) {
      if (!(await host.clearFlag(variant))) sidecar.warn('the initializing flag could not be cleared');
    },
    spawn: (action) => spawn(action),
    async kill({ id }) {
      if (sidecar.machine.state.name === 'emergency') await tools.drains.countKilled(id);
      await host.signal(id, 'SIGKILL');
    },
    'kill-unless-serving': (action) => killUnlessServing(sidecar, action),
    'end-gently': (action) => tools.drains.endGently(action),
    'bind-sink'({ role, generation, isFree }) {
      const drainMs = Math.max(specs.settled.drainMs, specs.of(generation.id).drainMs, drainAsked(sidecar));
      return host.bindSink(role, generation, Math.ceil(drainMs / 1000) + SINK_SPARE_S, isFree);
    },
    'release-sinks': ({ variant, epoch }) => host.releaseSinks(variant, epoch),
    'check-handover'({ type, old, serving }) {
      begin(type, checkHandover(sidecar, { old, serving, snapshot }));
      return markExpendable(sidecar, serving.id, false);
    },
    check: (action) => begin(action.type, checkNew(sidecar, action)),
    'watch-bake'(action) {
      // A process is watched from its drain on; the bake itself goes on with the same watch.
      if (baked === action.serving.id) return;
      baked = action.serving.id;
      begin(action.type, watchBake(sidecar, action));
    },
    crash: (action) => tellCrash(action),
    notify: (action) => begin(action.type, tellSdks(sidecar, action)),
    'watch-drain': ({ type, generation }) => begin(type, tools.drains.watch(generation)),
    async 'drain-listeners'({ id }) {
      if (sidecar.hasAdmin(id)) await host.postAdmin(specs.of(id), '/drain_listeners?graceful');
    },
    bypass({ on, reason }) {
      const text = `${on ? 'new connections go direct where mesh.yaml allows it' : 'the bypass ends'}: ${reason}`;
      tools.say({ event: 'bypass', text, on });
      void tools.note({ kind: 'bypass', on, reason });
      return tools.interception.bypass(on, reason);
    },
    async settle({ current, previous }) {
      await host.pairs.settle(current, previous);
      await host.pairs.prune([current, previous]);
    },
    report: (action) => report(action),
    'clean-up': ({ keepVariant }) => host.cleanUp(keepVariant),
    // The machine's state answers the request that asked for either.
    reject() {},
    'abort-answer'() {},
  };

  async function spawn({ generation, drainMs }: ActionOf<'spawn'>): Promise<void> {
    const { id, pair: pairId } = generation;
    const spec = specs.of(id);
    try {
      const pair = await host.pairs.read(pairId);
      if (pair === null) throw new Error(`the versions store has lost the pair ${pairId}`);
      const problem = await host.pairs.problemOf(pair);
      if (problem !== null) throw new Error(problem);
      await host.spawn(spec, pair, generation, drainMs ?? spec.drainMs);
      tools.started(id);
      // While the other one serves, this one is the one to go for want of memory.
      if (servingOf(sidecar.machine.state) !== null) await markExpendable(sidecar, id, true);
    } catch (error) {
      const reason = `the process could not be started: ${messageOf(error)}`;
      sidecar.dispatch({ type: 'spawn-failed', id, reason });
    }
  }

  async function tellCrash({ id, pair, detail, crashes, retryMs }: ActionOf<'crash'>): Promise<void> {
    const version = (await host.pairs.read(pair).catch(() => null))?.version ?? null;
    const again = retryMs === 0 ? 'started again at once' : `started again in ${retryMs / 1000} s`;
    const times = crashes > 1 ? ` (${crashes} times in a row)` : '';
    void tools.note({ kind: 'crash', id, pair, version, detail, crashes, retryMs });
    tools.say({ event: 'crash', text: `Envoy has ended: ${detail}${times}; ${again}`, detail, crashes, retryMs });
  }

  async function report(action: ActionOf<'report'>): Promise<void> {
    await tools.drains.countCutRequests();
    const ended = tools.endJob(action);
    if (ended === null) return;
    // Whoever has the answer may read the history at once.
    await tools.note({ kind: 'report', report: ended });
    tools.forgetJob();
    tools.say({ event: 'report', text: `upgrade ${action.outcome}: ${action.reason}`, report: ended });
  }

  // Each action is given to the handler of its own type.
  return async (action) => (handlers[action.type] as (action: SidecarAction) => Promise<void> | void)(action);
}

function drainAsked({ machine }: Supervised): number {
  const { state } = machine;
  return 'upgrade' in state ? (state.upgrade?.request.drainMs ?? 0) : 0;
}
