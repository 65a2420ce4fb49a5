import { WeirError } from '../../errors/weir-error.ts';
import type { ContainerRole } from '../../upgrade/container-role.ts';
import type { SidecarInterception } from '../ports/sidecar.ts';
import type { PeerPort, SupervisionPorts } from '../ports/supervision.ts';
import { pause } from './pause.ts';
import { type ControlRequest, serveRequest } from './serve-requests.ts';
import { SidecarSupervisor } from './supervisor.ts';
import type { SupervisorEvent } from './supervisor-event.ts';
import { SupervisorRequests } from './supervisor-requests.ts';
import { askToTakeOver, bringUpContainer } from './take-over.ts';

/** How long the socket of a supervisor that has just stepped down may stay taken. */
const LOCK_PATIENCE_MS = 10_000;

/** What happens around one sidecar, for whoever shows or counts it. */
export interface SupervisionListener {
  tell(event: SupervisorEvent): void;
  /** A supervisor has begun; there is a new one after the other container gave the sidecar back. */
  began(supervisor: SidecarSupervisor): void;
  /** It is over: stopped, or in the hands of the other container. */
  ended(): Promise<void>;
}

type Door = Awaited<ReturnType<SupervisionPorts['openDoor']>>;

/**
 * Supervises a sidecar until it is stopped (`stopped`), or until another container has taken it over for good
 * (`retired`). A container that goes away half-way gives the sidecar back to this one, which then decides the state again
 * from what it finds, as after the death of a supervisor.
 */
export async function superviseSidecar(
  ports: SupervisionPorts,
  role: ContainerRole,
  interception: SidecarInterception,
  listener: SupervisionListener,
): Promise<'stopped' | 'retired'> {
  let peer = role === 'take-over' ? await askToTakeOver(ports) : null;
  let isFirst = true;
  for (;;) {
    const term = new Term(ports, interception, listener, peer);
    const door = await term.run(role, isFirst);
    if (door === null) return 'stopped';
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

/** Waits for the other container; told to stop, it waits for the end of its own processes, which the other one drains. */
async function untilOver(door: Door, ports: SupervisionPorts): Promise<'retired' | 'gone'> {
  const told = Promise.withResolvers<void>();
  const forget = ports.onSignals({ upgrade: () => {}, reopen: () => {}, stop: () => told.resolve() });
  const drained = told.promise.then(async () => {
    const spec = await ports.readSpec();
    while ((await ports.host.findProcesses(spec)).found.length > 0) await pause(100);
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
  readonly #ports: SupervisionPorts;
  readonly #listener: SupervisionListener;
  readonly #interception: SidecarInterception;
  readonly #peer: PeerPort | null;
  readonly #live = Promise.withResolvers<void>();
  readonly #door = Promise.withResolvers<Door>();
  #isTakingOver = false;
  /** Told to end before it had taken over: the other container goes on. */
  #isCalledOff = false;

  constructor(
    ports: SupervisionPorts,
    interception: SidecarInterception,
    listener: SupervisionListener,
    peer: PeerPort | null,
  ) {
    this.#ports = ports;
    this.#interception = interception;
    this.#listener = listener;
    this.#peer = peer;
  }

  /** Resolves to the door for the other container, or to null once the sidecar is stopped. */
  async run(role: ContainerRole, isFirst: boolean): Promise<Door | null> {
    const ports = this.#ports;
    const host = this.#peer?.host ?? ports.host;
    const spec = await ports.readSpec();
    const supervisor = new SidecarSupervisor(host, spec, this.#interception, (event) => this.#tell(event));
    const requests = new SupervisorRequests(supervisor, () => ports.readSpec());
    // The socket is the lock: taken before anything is started or adopted.
    const control = await this.#serveControl(supervisor, requests, role);
    const forget = ports.onSignals({
      upgrade: () => this.#upgrade(supervisor, requests),
      reopen: () => void requests.reopenLogs(),
      stop: () => void this.#stop(supervisor, requests),
    });
    let isOver = false;
    const end = async () => {
      if (isOver) return;
      isOver = true;
      await this.#listener.ended();
      forget();
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
      return await Promise.race([supervisor.stopped.then(() => null), this.#door.promise]);
    } finally {
      await end();
    }
  }

  #tell(event: SupervisorEvent): void {
    if (event.event === 'live') this.#live.resolve();
    this.#listener.tell(event);
  }

  async #serveControl(supervisor: SidecarSupervisor, requests: SupervisorRequests, role: ContainerRole) {
    const deadline = Date.now() + (role === 'alone' ? 0 : LOCK_PATIENCE_MS);
    for (;;) {
      try {
        return await this.#ports.serveControl(async (request, send) => {
          if (request.command === 'hand-over') await this.#handOver(supervisor, send);
          else await serveRequest(supervisor, requests, request as unknown as ControlRequest, send);
        });
      } catch (error) {
        const isHeld = error instanceof WeirError && error.code === 'WEIR4001';
        if (!isHeld || Date.now() > deadline) throw error;
        await pause(50);
      }
    }
  }

  async #handOver(supervisor: SidecarSupervisor, send: (message: unknown) => void): Promise<void> {
    const { name: state } = supervisor.machine.state;
    if (state !== 'idle' && state !== 'down') {
      throw new WeirError('WEIR4005', {
        what: `${supervisor.spec.name} is busy: ${state.toUpperCase()}`,
        why: 'one change at a time: another container cannot take over in the middle of it',
        hint: 'wait until it is over',
        details: { state: state.toUpperCase(), secondsLeft: null },
      });
    }
    supervisor.close();
    const door = await this.#ports.openDoor();
    send({ result: { steppedDown: true } });
    this.#door.resolve(door);
  }

  #upgrade(supervisor: SidecarSupervisor, requests: SupervisorRequests): void {
    const asked = { binary: null, bootstrap: null, dryRun: false, force: false, drainMs: null, rollback: false };
    requests
      .upgrade({ ...asked, initTimeoutMs: 60_000 }, () => {})
      .catch((error: Error) => supervisor.warn(error.message));
  }

  // A container that is told to end before it has taken over must not stop what the other one serves.
  async #stop(supervisor: SidecarSupervisor, requests: SupervisorRequests): Promise<void> {
    while (this.#isTakingOver && !('old' in supervisor.machine.state)) {
      this.#isCalledOff = true;
      const answer = await requests.abort().catch(() => null);
      if (answer?.aborted) return;
      // Not begun yet, or just past the hand-over.
      await pause(50);
    }
    this.#isCalledOff = false;
    await requests.stop(null);
  }
}
