/** The life of a supervisor in a container: it begins, steps down for another one, and takes the sidecar back. */
import { WeirError } from '../../errors/weir-error.ts';
import type { SidecarInterception } from '../../interception/supervised/ports.ts';
import type { ContainerRole } from '../container-role.ts';
import type { PeerPort, SupervisorPorts } from '../supervisor-ports.ts';
import { Reload } from './reload.ts';
import { controlHandlers } from './serve-requests.ts';
import { SidecarSupervisor } from './supervisor.ts';
import type { SupervisorEvent } from './supervisor-event.ts';
import { SupervisorRequests } from './supervisor-requests.ts';
import { askToTakeOver, bringUpContainer } from './take-over.ts';

/** How long the socket of a supervisor that has just stepped down may stay taken. */
const LOCK_PATIENCE_MS = 10_000;

/** The observer of one sidecar, which shows or counts its events. */
export interface SupervisionListener {
  tell(event: SupervisorEvent): void;
  /** A supervisor has begun; another one follows when the other container gives the sidecar back. */
  began(supervisor: SidecarSupervisor): void;
  /** It is over: stopped, or in the hands of the other container. */
  ended(): Promise<void>;
}

type Door = Awaited<ReturnType<SupervisorPorts['openDoor']>>;

/**
 * Supervises a sidecar until it is stopped (`stopped`), until another container has taken it over for good
 * (`retired`), or until this process must become another weir (`replaced`). A container that goes away half-way gives the sidecar back to this one. This one then decides the state
 * again from the processes, as after the death of a supervisor.
 */
export async function superviseSidecar(
  ports: SupervisorPorts,
  role: ContainerRole,
  interception: SidecarInterception,
  listener: SupervisionListener,
): Promise<'stopped' | 'retired' | 'replaced'> {
  let peer = role === 'take-over' ? await askToTakeOver(ports) : null;
  let isFirst = true;
  for (;;) {
    const term = new Term(ports, interception, listener, peer);
    const door = await term.run(role, isFirst);
    if (door === null) return 'stopped';
    if (door === 'replaced') return 'replaced';
    listener.tell({ event: 'container', text: 'the other container takes over', part: 'stepped-down' });
    if ((await untilOver(door, ports)) === 'retired') {
      await ports.leave();
      return 'retired';
    }
    listener.tell({ event: 'container', text: 'the other container gave the sidecar back', part: 'taken-back' });
    peer = null;
    isFirst = false;
  }
}

/**
 * Waits for the other container. When told to stop, it waits until its own processes end, which the other one drains.
 */
async function untilOver(door: Door, ports: SupervisorPorts): Promise<'retired' | 'gone'> {
  const told = Promise.withResolvers<void>();
  const forget = ports.onSignals({ upgrade: () => {}, reopen: () => {}, stop: () => told.resolve() });
  const drained = told.promise.then(async () => {
    const spec = await ports.readSpec();
    while ((await ports.host.findProcesses(spec)).found.length > 0) await ports.clock.sleep(100);
    return 'retired' as const;
  });
  try {
    return await Promise.race([door.end, drained]);
  } finally {
    forget();
  }
}

/** One supervisor from its beginning to its end. */
class Term {
  readonly #ports: SupervisorPorts;
  readonly #listener: SupervisionListener;
  readonly #interception: SidecarInterception;
  readonly #peer: PeerPort | null;
  readonly #live = Promise.withResolvers<void>();
  readonly #door = Promise.withResolvers<Door>();
  #isTakingOver = false;
  /** Ended before the take-over: the other container goes on. */
  #isCalledOff = false;

  constructor(
    ports: SupervisorPorts,
    interception: SidecarInterception,
    listener: SupervisionListener,
    peer: PeerPort | null,
  ) {
    this.#ports = ports;
    this.#interception = interception;
    this.#listener = listener;
    this.#peer = peer;
  }

  /** Resolves to the door for the other container, to null once the sidecar is stopped, or to `replaced`. */
  async run(role: ContainerRole, isFirst: boolean): Promise<Door | 'replaced' | null> {
    const ports = this.#ports;
    const host = this.#peer?.host ?? ports.host;
    const spec = await ports.readSpec();
    const { clock, pid } = ports;
    const interception = this.#interception;
    const say = (event: SupervisorEvent) => {
      this.#tell(event);
      if (event.event === 'state') reload.goOn();
    };
    const supervisor = new SidecarSupervisor({ host, clock, pid, spec, interception, say });
    const requests = new SupervisorRequests(supervisor, () => ports.readSpec());
    const reload = new Reload(requests, (text) => supervisor.warn(text));
    // The socket is the lock: taken before anything is started or adopted.
    const control = await this.#serveControl(supervisor, requests, role);
    const forget = ports.onSignals({
      upgrade: () => reload.ask(),
      reopen: () => void requests.reopenLogs(),
      stop: () => void this.#stop(supervisor, requests),
    });
    const leave = ports.process.join({
      name: supervisor.name,
      isUp: true,
      busy: () => (requests.isBusy || supervisor.machine.state.name === 'down' ? supervisor.machine.state.name : null),
      close: () => {
        supervisor.close();
        return supervisor.carriedOut();
      },
    });
    let isOver = false;
    const end = async () => {
      if (isOver) return;
      isOver = true;
      await this.#listener.ended();
      forget();
      leave();
      supervisor.close();
      await control.close();
    };
    try {
      this.#listener.began(supervisor);
      await supervisor.start(await ports.firstPair());
      if (ports.isToldToStop()) void this.#stop(supervisor, requests);
      if (role !== 'alone' && isFirst) {
        this.#isTakingOver = this.#peer !== null;
        const up = bringUpContainer({ ports, supervisor, requests, peer: this.#peer, live: this.#live.promise, end });
        await Promise.race([up, supervisor.stopped]).catch((error: unknown) => {
          if (!this.#isCalledOff) throw error;
        });
        this.#isTakingOver = false;
        if (this.#isCalledOff) return null;
      }
      const replaced = ports.process.replaced.then(() => 'replaced' as const);
      return await Promise.race([supervisor.stopped.then(() => null), this.#door.promise, replaced]);
    } finally {
      await end();
    }
  }

  #tell(event: SupervisorEvent): void {
    if (event.event === 'live') this.#live.resolve();
    this.#listener.tell(event);
  }

  async #serveControl(supervisor: SidecarSupervisor, requests: SupervisorRequests, role: ContainerRole) {
    const { clock } = this.#ports;
    const deadline = clock.monotonic() + (role === 'alone' ? 0 : LOCK_PATIENCE_MS);
    for (;;) {
      try {
        const handOver = () => this.#handOver(supervisor);
        return await this.#ports.serveControl(controlHandlers(supervisor, requests, handOver, this.#ports.process));
      } catch (error) {
        const isHeld = error instanceof WeirError && error.code === 'WEIR4001';
        if (!isHeld || clock.monotonic() > deadline) throw error;
        await clock.sleep(50);
      }
    }
  }

  async #handOver(supervisor: SidecarSupervisor): Promise<void> {
    const { name } = supervisor;
    const { name: state } = supervisor.machine.state;
    if (state !== 'idle' && state !== 'down') {
      throw new WeirError('WEIR4005', {
        what: `${name} is busy: ${state.toUpperCase()}`,
        why: 'one change at a time: another container cannot take over in the middle of it',
        hint: 'wait until it is over',
        details: { state: state.toUpperCase(), secondsLeft: null },
      });
    }
    supervisor.close();
    await supervisor.carriedOut();
    // The answer goes out before the socket is closed: its end waits for answers under way.
    this.#door.resolve(await this.#ports.openDoor());
  }

  // A container that is told to end before it has taken over must not stop what the other one serves.
  async #stop(supervisor: SidecarSupervisor, requests: SupervisorRequests): Promise<void> {
    while (this.#isTakingOver && !('old' in supervisor.machine.state)) {
      this.#isCalledOff = true;
      const answer = await requests.abort().catch(() => null);
      if (answer?.aborted) return;
      // Not begun yet, or just past the hand-over.
      await this.#ports.clock.sleep(50);
    }
    this.#isCalledOff = false;
    await requests.stop(null);
  }
}
