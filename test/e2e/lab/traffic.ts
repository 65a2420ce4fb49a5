/** Requests and streams of the lab's accounts. */
import { fileURLToPath } from 'node:url';
import { KEEP_COMPILED } from '../../run-weir.ts';
import type { Lab } from './lab.ts';
import type { LabProcess } from './lab-process.ts';
import type { LabNamespace } from './network-namespace.ts';

/** Who a program runs as; root when left out. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** One stream as its client saw it. */
export interface StreamReport {
  readonly id: number;
  /** Lines received, and how often a number was missing or repeated. */
  readonly received: number;
  readonly gaps: number;
  readonly route: 'direct' | 'proxy' | null;
  /** Null while it is open; `end` for a FIN, else the code of the error. */
  readonly ending: string | null;
}

/** What became of a load. */
export interface LoadReport {
  readonly sent: number;
  readonly answered: number;
  /** How the answered ones went. */
  readonly direct: number;
  readonly proxy: number;
  /** Due but not sent because too many were open. */
  readonly withheld: number;
  /** By error code, `HTTP <status>`, `TIMEOUT` or `wrong answer`. */
  readonly failed: Readonly<Record<string, number>>;
  readonly inFlight: number;
  /** When the first one was sent since which all went direct, ms since 1970; null while none did. */
  readonly directSince: number | null;
  readonly ms: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Starts one of `programs/` in a namespace; options go to it as JSON. It becomes the account after its modules are loaded. */
export function startProgram(
  lab: Lab,
  namespace: LabNamespace,
  program: string,
  options: unknown,
  account: Account = {},
): LabProcess {
  const file = fileURLToPath(new URL(`./programs/${program}.ts`, import.meta.url));
  const env: Record<string, string> = { NODE_NO_WARNINGS: '1', ...KEEP_COMPILED };
  if (account.uid !== undefined) {
    env.LAB_UID = String(account.uid);
    env.LAB_GID = String(account.gid ?? account.uid);
  }
  return lab.start(namespace, [process.execPath, file, JSON.stringify(options)], { env });
}

/** Asks a program for its report. */
export async function askReport<Report>(program: LabProcess): Promise<Report> {
  const earlier = program.output().split('\nREPORT ').length;
  program.write('report');
  for (;;) {
    const reports = program.output().split('\nREPORT ').slice(1);
    const last = reports.at(-1);
    if (reports.length >= earlier && last?.includes('\n')) return JSON.parse(last.split('\n')[0] ?? '') as Report;
    await program.changed();
  }
}

/** An HTTP server in the upstream namespace (or another) that says who asked. */
export async function startHttpUpstream(
  lab: Lab,
  { namespace = lab.upstream, ...options }: { port: number; name?: string; namespace?: LabNamespace } & Account,
): Promise<LabProcess> {
  const server = startProgram(lab, namespace, 'http-upstream', options, options);
  await server.line(/^READY/);
  return server;
}

/** A server of numbered lines in the upstream namespace (or another). */
export async function startStreamServer(
  lab: Lab,
  { namespace = lab.upstream, ...options }: { port: number; intervalMs?: number; namespace?: LabNamespace } & Account,
): Promise<LabProcess> {
  const server = startProgram(lab, namespace, 'stream-server', options, options);
  await server.line(/^READY/);
  return server;
}

/** Streams that are open in the background. */
export interface Streams {
  readonly process: LabProcess;
  report(): Promise<readonly StreamReport[]>;
  /** Resolves once every one of them has ended. */
  ended(timeoutMs?: number): Promise<readonly StreamReport[]>;
  stop(): Promise<void>;
}

/** Opens streams from the client namespace (or another) and waits until each of them flows. */
export async function startStreams(
  lab: Lab,
  {
    namespace = lab.client,
    ...options
  }: { host: string; port: number; count?: number; intervalMs?: number; namespace?: LabNamespace } & Account,
): Promise<Streams> {
  const process = startProgram(lab, namespace, 'stream-client', options, options);
  await process.line(/^OPEN/);
  const report = async () => (await askReport<{ streams: StreamReport[] }>(process)).streams;
  return {
    process,
    report,
    async ended(timeoutMs = 60_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const streams = await report();
        if (streams.every(({ ending }) => ending !== null)) return streams;
        if (Date.now() > deadline) throw new Error(`streams are still open: ${JSON.stringify(streams)}`);
        await Promise.race([process.changed(), new Promise((resolve) => setTimeout(resolve, 100))]);
      }
    },
    stop: () => process.stop(),
  };
}

/** Where a load goes, how fast, and for how long. */
export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly path?: string;
  readonly keepAlive?: boolean;
  /** After which a request counts as failed. Default 5000. */
  readonly timeoutMs?: number;
}

/** A load that is running in the background. */
export interface Load {
  readonly process: LabProcess;
  report(): Promise<LoadReport>;
  /** The final report, once all its requests are done. */
  done(): Promise<LoadReport>;
  /** Ends it early. */
  stop(): Promise<LoadReport>;
}

/** Starts requests at a fixed rate from the client namespace (or another). At most 400 are open at once. */
export async function startLoad(
  lab: Lab,
  { namespace = lab.client, ...options }: LoadOptions & Account & { namespace?: LabNamespace },
): Promise<Load> {
  const process = startProgram(lab, namespace, 'load-client', options, options);
  await process.line(/^READY/);
  const done = async (): Promise<LoadReport> => {
    const [, json = ''] = await process.line(/^DONE (.*)/, (options.seconds + 60) * 1000);
    return JSON.parse(json);
  };
  return {
    process,
    report: () => askReport<LoadReport>(process),
    done,
    stop() {
      process.write('stop');
      return done();
    },
  };
}
