/** Composition of the supervision of one sidecar: its host, its traffic and its metrics. */
import { join } from 'node:path';
import { openInterceptHost } from '../interception/compose.ts';
import type { InterceptHost } from '../interception/host.ts';
import { appsOfSidecar } from '../interception/supervised/app-metrics.ts';
import { sidecarTraffic } from '../interception/supervised/sidecar-traffic.ts';
import { keepLogBounded } from './adapters/bounded-log.ts';
import { sinkProblem } from './adapters/early-end.ts';
import { validateBootstrap } from './adapters/envoy-binary.ts';
import { launchPrefix } from './adapters/launch-prefix.ts';
import { keptFolder, openSidecar } from './adapters/open-sidecar.ts';
import { openSupervisorPorts } from './adapters/open-supervisor-ports.ts';
import { requireOwnAccount } from './adapters/own-account.ts';
import { type OutputSink, passOutputOn } from './adapters/own-output.ts';
import { type ContainerRole, containerVersion } from './container-role.ts';
import { MetricsPublisher } from './metrics/publish-metrics.ts';
import type { SharedMetrics } from './metrics/shared-metrics.ts';
import { SidecarMetrics } from './metrics/sidecar-metrics.ts';
import type { SidecarSpec } from './ports.ts';
import type { RunFlags } from './records/supervise-task.ts';
import { type CheckPair, firstPair } from './supervisor/first-pair.ts';
import { superviseSidecar } from './supervisor/supervise.ts';
import type { SupervisorEvent } from './supervisor/supervisor-event.ts';
import type { SupervisorPorts } from './supervisor-ports.ts';
import type { SupervisedSidecar } from './usecases/supervised-sidecar.ts';

/** Has the binary itself check a bootstrap, as it would be started. */
export const checkPair: CheckPair = (spec, { binary, bootstrap }) =>
  validateBootstrap(binary, bootstrap, launchPrefix(spec), 30_000, spec.args);

/** The supervision of one sidecar besides the flags of the process. */
export interface Supervision {
  readonly sidecar: SupervisedSidecar;
  readonly signals: Pick<SupervisorPorts, 'isToldToStop' | 'onSignals'>;
  readonly process: SupervisorPorts['process'];
  /** Reads mesh.yaml anew. */
  readSpec(): Promise<SidecarSpec>;
  tell(event: SupervisorEvent): void;
  warn(text: string): void;
  /** The receiver of Envoy's own output. */
  readonly output: OutputSink;
  readonly metrics: SharedMetrics | null;
  /** The packet rules; all sidecars of a process share the tools that wait for a bypass. */
  readonly interceptHost: InterceptHost;
}

/** The packet rules for the supervisors of this process. */
export function openTraffic({ runDir, stateDir, netns }: RunFlags, warn: (text: string) => void): InterceptHost {
  return openInterceptHost({ runDir, stateDir, netns, standBy: true, warn });
}

/** The surroundings of the supervisor of one sidecar. */
export function openPorts(run: RunFlags, supervision: Supervision): Promise<SupervisorPorts> {
  const { sidecar, signals, process, readSpec, warn } = supervision;
  const { spec } = sidecar;
  const host = openSidecar(run, spec);
  return openSupervisorPorts(run, spec, {
    signals,
    process,
    readSpec,
    firstPair: () => firstPair(host, spec, checkPair, warn),
  });
}

/** Supervises one sidecar until its end. Throws what keeps it from being started. */
export async function superviseOne(
  run: RunFlags,
  role: ContainerRole,
  supervision: Supervision,
): Promise<'stopped' | 'retired' | 'replaced'> {
  const { sidecar, warn, output, metrics: shared, interceptHost } = supervision;
  const { spec, apps } = sidecar;
  const { name } = spec;
  const metrics = new SidecarMetrics(name, Date.now(), shared?.store);
  const publisher =
    shared === null
      ? null
      : new MetricsPublisher(metrics, {
          ...shared.of(name),
          apps: () => appsOfSidecar(interceptHost, apps, name),
          residentBytes: () => process.memoryUsage.rss(),
          warn,
        });
  requireOwnAccount(spec);
  for (const problem of await sinkProblem()) warn(`an upgrade has to wait for Envoy's own timer: ${problem}`);
  const ports = await openPorts(run, supervision);
  await ports.host.prepare(spec);
  const over = new AbortController();
  void passOutputOn(keptFolder(run.runDir, name, containerVersion(process.env)), output, over.signal).catch(
    (error: Error) => warn(`the output of Envoy is not passed on: ${error.message}`),
  );
  void keepLogBounded(join(run.runDir, name, 'envoy.log'), over.signal, warn);
  const tell = (event: SupervisorEvent) => {
    metrics.observe(event);
    publisher?.soon();
    supervision.tell(event);
  };
  const traffic = sidecarTraffic(interceptHost, name, (event, text) => tell({ event, text }), metrics);
  try {
    return await superviseSidecar(ports, role, traffic, {
      tell,
      began: (supervisor) => publisher?.start(supervisor),
      ended: async () => publisher?.stop(),
    });
  } finally {
    over.abort();
  }
}
