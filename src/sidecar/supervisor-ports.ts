/** The ports of a supervisor. */
import type { AgentAnswer } from '../platform/agent/ask-agent.ts';
import type { AgentHandlers } from '../platform/agent/protocol.ts';
import type { Clock } from '../platform/clock.ts';
import type { UpgradeReport } from './machine/upgrade-report.ts';
import type { SidecarHost, SidecarSpec } from './ports.ts';
import type { CONTROL_PROTOCOL, ControlResult } from './records/control-protocol.ts';
import type { SupervisorProcess } from './supervisor/supervisor-process.ts';

/** The container that serves until this one has taken over. Opaque but for its end. */
export interface PeerPort {
  /** The host that includes the other container's processes. */
  readonly host: SidecarHost;
  retire(): Promise<void>;
  release(): void;
}

/** How the supervisor answers each request of its control socket. */
export type ControlHandlers = AgentHandlers<typeof CONTROL_PROTOCOL>;

/** The surroundings that a supervisor needs, besides the sidecar's own host. */
export interface SupervisorPorts {
  readonly host: SidecarHost;
  readonly clock: Clock;
  /** The number of this process. */
  readonly pid: number;
  readSpec(): Promise<SidecarSpec>;
  /** The pair to start when nothing runs. */
  firstPair(): Promise<string>;
  /** Throws WEIR4001 while another supervisor holds the socket. */
  serveControl(handlers: ControlHandlers): Promise<{ close(): Promise<void> }>;
  /** Asks the present supervisor of the sidecar, in any container, to step down. Throws its refusal. */
  askToHandOver(): Promise<AgentAnswer<ControlResult<'hand-over'>>>;
  openPeer(): Promise<PeerPort | null>;
  /** Lets the other container at the processes of this one; resolves once it may come. */
  openDoor(): Promise<{ readonly end: Promise<'retired' | 'gone'> }>;
  /** Gives up what this container keeps of the sidecar: the other one has it for good. */
  leave(): Promise<void>;
  /** Tells `wait-settled` how the start of this container ended. */
  note(upgrade: UpgradeReport | null, problem: string | null): Promise<void>;
  /** The process, which may supervise other sidecars too. */
  readonly process: Pick<SupervisorProcess, 'join' | 'facts' | 'replace' | 'replaced'>;
  /** Whether this process has been told to end. */
  isToldToStop(): boolean;
  /** Tells when signals ask for something, until the returned function is called. */
  onSignals(on: { readonly upgrade: () => void; readonly reopen: () => void; readonly stop: () => void }): () => void;
}
