/** What the tour walks through: throw-away namespaces with an application, a second one, a real Envoy and an upstream. */
export interface TourLab {
  /** Version text of the Envoy in use. */
  readonly envoyVersion: string;
  /** Runs weir in the application's namespace, in a folder that holds pricing.groovy and its case.json, and resolves to its JSON document, whatever the exit code. */
  weir(args: readonly string[]): Promise<WeirRun>;
  /** Runs the panic file with sh alone. */
  panic(app: string): Promise<{ readonly command: string; readonly ms: number; readonly exit: number }>;
  /** One HTTP request as the application, on a new connection. */
  request(app: TourApp): Promise<TourAnswer>;
  /** Opens a connection as the application on which the upstream sends a number every 20 ms. */
  openStream(app: TourApp): Promise<TourStream>;
  /** Requests on new connections, one after the other at this pace, until `stop`. */
  startLoad(app: TourApp, everyMs: number): Promise<TourLoad>;
  /** Lines of Envoy's own access log that carry the application's name. */
  accessLogLines(app: TourApp): Promise<number>;
  startEnvoy(): Promise<void>;
  /** Starts the sidecar under `weir sidecar run`, with the older Envoy if there are two. False: it did not become live. */
  superviseEnvoy(): Promise<{ readonly command: string; readonly live: boolean }>;
  /** The arguments of weir that upgrade the supervised sidecar to the Envoy of the tour. */
  readonly upgradeArguments: readonly string[];
  /** Requests with numbers over kept connections, in an open loop, until `stop`. */
  startNumberedLoad(app: TourApp, pace: NumberedPace): Promise<NumberedTourLoad>;
  /** SIGKILL, as a crash would. */
  killEnvoy(): Promise<void>;
  /** Kills every weir process that the tour started, to show that none is needed. */
  killWeir(): Promise<number>;
  /** All that both kinds of tables hold in the namespace, packet counters left out. */
  firewallListing(): Promise<string>;
  /** Rules of somebody else, so that the end can show them untouched. */
  addForeignRules(): Promise<void>;
  /** Ends every process and namespace of the tour. Never throws. */
  close(): Promise<void>;
}

/** The applications of the tour. */
export type TourApp = 'payment' | 'report';

/** One run of weir. `command` is what a person would type. */
export interface WeirRun {
  readonly command: string;
  readonly exit: number;
  readonly ms: number;
  readonly result: Record<string, unknown>;
  readonly warnings: readonly string[];
  /** The error's sentence, null when there was none. */
  readonly error: string | null;
}

/** What a request met. */
export interface TourAnswer {
  readonly ok: boolean;
  /** Whether the upstream saw headers that only Envoy adds. */
  readonly viaEnvoy: boolean;
  readonly ms: number;
  readonly detail: string;
}

/** A connection under watch. */
export interface TourStream {
  /** Numbers that arrived so far, numbers that are missing between them, and how it ended if it did. */
  state(): Promise<{ readonly received: number; readonly gaps: number; readonly ended: string | null }>;
  close(): Promise<void>;
}

/** How numbered requests are sent; every tenth takes `longMs` at the upstream. */
export interface NumberedPace {
  readonly perSecond: number;
  readonly connections: number;
  readonly longMs: number;
}

/** Numbered requests under way. `stop` waits for every answer; `doubled` reached the upstream more than once. */
export interface NumberedTourLoad {
  stop(): Promise<{
    readonly sent: number;
    readonly viaEnvoy: number;
    readonly lost: number;
    readonly doubled: number;
    readonly errors: readonly string[];
  }>;
}

/** Requests under way. */
export interface TourLoad {
  stop(): Promise<{
    readonly sent: number;
    readonly viaEnvoy: number;
    readonly direct: number;
    readonly failed: number;
  }>;
}
