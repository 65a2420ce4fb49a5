import type { UpgradeReport } from '../../upgrade/upgrade-report.ts';
import type { SidecarHost, SidecarSpec } from './sidecar.ts';

/** The container that serves until this one has taken over. Opaque but for its end. */
export interface PeerPort {
  /** The host of which the other container's processes are a part. */
  readonly host: SidecarHost;
  retire(): Promise<void>;
  release(): void;
}

/** A request of the control socket and how to answer it. */
export type ControlHandler = (
  request: Readonly<Record<string, unknown>>,
  send: (message: unknown) => void,
) => Promise<void>;

/** What supervising a sidecar needs from its surroundings, besides the sidecar's own host. */
export interface SupervisionPorts {
  readonly host: SidecarHost;
  readSpec(): Promise<SidecarSpec>;
  /** The pair to start when nothing runs. */
  firstPair(): Promise<string>;
  /** Throws WEIR4001 while another supervisor holds the socket. */
  serveControl(handle: ControlHandler): Promise<{ close(): Promise<void> }>;
  /** Asks the supervisor of the sidecar, whoever it is; null when there is none. */
  askControl(request: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>> | null>;
  openPeer(): Promise<PeerPort | null>;
  /** Lets the other container at the processes of this one; resolves once it may come. */
  openDoor(): Promise<{ readonly end: Promise<'retired' | 'gone'> }>;
  /** Gives up what this container keeps of the sidecar: the other one has it for good. */
  leave(): Promise<void>;
  /** Tells `wait-settled` how the start of this container ended. */
  note(upgrade: UpgradeReport | null, problem: string | null): Promise<void>;
  /** Whether this process has been told to end. */
  isToldToStop(): boolean;
  /** Tells when signals ask for something, until the returned function is called. */
  onSignals(on: { readonly upgrade: () => void; readonly reopen: () => void; readonly stop: () => void }): () => void;
}
