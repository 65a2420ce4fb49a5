import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { WeirError } from '../../errors/weir-error.ts';
import { loadMeshConfig } from '../../host/config-file.ts';
import { type ControlSocket, serveControlSocket } from '../../host/control-socket.ts';
import { controlSocketPath } from '../../host/envoy/control-path.ts';
import { validateBootstrap } from '../../host/envoy/envoy-binary.ts';
import { openSidecar, readSidecarSpec } from '../../host/envoy/open-sidecar.ts';
import { runAsAccount } from '../../host/envoy/run-as.ts';
import { createInterceptHost } from '../../host/intercept-host.ts';
import { becomeLean } from '../../host/lean-runtime.ts';
import { openMetricsFile } from '../../host/metrics-file.ts';
import { becomeReapingInit } from '../../host/reaping-init.ts';
import { notifyServiceManager } from '../../host/service-manager.ts';
import type { StreamOutcome } from '../../present/base-command.ts';
import { SidecarCommand } from '../../present/sidecar-command.ts';
import type { InterceptHost } from '../../usecases/host.ts';
import type { SidecarHost, SidecarSpec } from '../../usecases/ports/sidecar.ts';
import { appsOfSidecar } from '../../usecases/sidecar/app-metrics.ts';
import type { TellTraffic } from '../../usecases/sidecar/lease-renewal.ts';
import { MetricsPublisher } from '../../usecases/sidecar/publish-metrics.ts';
import { type ControlRequest, serveRequest } from '../../usecases/sidecar/serve-requests.ts';
import { SidecarMetrics } from '../../usecases/sidecar/sidecar-metrics.ts';
import { sidecarTraffic } from '../../usecases/sidecar/sidecar-traffic.ts';
import { SidecarSupervisor } from '../../usecases/sidecar/supervisor.ts';
import type { SupervisorEvent } from '../../usecases/sidecar/supervisor-event.ts';
import { SupervisorRequests } from '../../usecases/sidecar/supervisor-requests.ts';

/** The supervisor of one sidecar, in the foreground. */
export default class SidecarRunCommand extends SidecarCommand<typeof SidecarRunCommand, SupervisorEvent> {
  static override summary = 'Run a sidecar: start Envoy, keep it running, serve upgrades.';
  static override description =
    'Stays in the foreground. Envoy itself is not its child: a killed supervisor leaves the traffic alone, and a new one adopts the Envoy that it finds. SIGHUP upgrades with the files in place, SIGUSR1 reopens the logs, SIGTERM drains and stops.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = {
    'metrics-file': Flags.string({
      helpValue: 'FILE',
      summary: "Keep metrics there for node_exporter's textfile collector; ends in .prom.",
    }),
  };
  static override examples = [
    '<%= config.bin %> sidecar run main',
    '<%= config.bin %> sidecar run main --metrics-file /var/lib/prometheus/node-exporter/weir-main.prom',
  ];
  #metrics: SidecarMetrics | null = null;
  #publisher: MetricsPublisher | null = null;

  /** A reader of its events that goes away must not leave the sidecar without a supervisor. */
  protected override readonly endsWithReader = false;

  protected override async execute(): Promise<StreamOutcome> {
    becomeReapingInit();
    becomeLean();
    const { signal } = this;
    const { name } = this.args;
    const { config, 'run-dir': runDir, 'state-dir': stateDir } = this.flags;
    const spec = await readSidecarSpec(config, name);
    const host = openSidecar({ runDir, stateDir }, spec);
    await host.prepare(spec);
    const warn = (text: string) => this.warn(text);
    const interceptHost = createInterceptHost({ runDir, stateDir, netns: this.netns, warn });
    const metrics = new SidecarMetrics(name, Date.now());
    await this.#openMetrics(metrics, interceptHost);
    const tellTraffic: TellTraffic = (event, text) => this.#tell({ event, text });
    const interception = sidecarTraffic(interceptHost, name, tellTraffic, metrics);
    const supervisor = new SidecarSupervisor(host, spec, interception, (event) => this.#tell(event));
    this.#publisher?.start(supervisor);
    const requests = new SupervisorRequests(supervisor, () => readSidecarSpec(config, name));
    // The socket is the lock: taken before anything is started or adopted.
    const control = await serveControlSocket(controlSocketPath(runDir, name), (request, send) =>
      serveRequest(supervisor, requests, request as unknown as ControlRequest, send),
    );
    await this.#supervise(
      supervisor,
      requests,
      control,
      signal,
      await firstPair(host, spec, (text) => this.warn(text)),
    );
    return { streamed: true };
  }

  async #supervise(
    supervisor: SidecarSupervisor,
    requests: SupervisorRequests,
    control: ControlSocket,
    signal: AbortSignal,
    pair: string,
  ): Promise<void> {
    const upgrade = () => {
      const asked = { binary: null, bootstrap: null, dryRun: false, force: false, drainMs: null, rollback: false };
      requests.upgrade({ ...asked, initTimeoutMs: 60_000 }, () => {}).catch((error: Error) => this.warn(error.message));
    };
    const reopen = () => void requests.reopenLogs();
    const stop = () => void requests.stop(null);
    process.on('SIGHUP', upgrade).on('SIGUSR1', reopen);
    signal.addEventListener('abort', stop);
    try {
      await supervisor.start(pair);
      if (signal.aborted) stop();
      await supervisor.stopped;
    } finally {
      await this.#publisher?.close();
      process.off('SIGHUP', upgrade).off('SIGUSR1', reopen);
      supervisor.close();
      await control.close();
    }
  }

  async #openMetrics(metrics: SidecarMetrics, interceptHost: InterceptHost): Promise<void> {
    const path = this.flags['metrics-file'];
    if (path === undefined) return;
    const { name } = this.args;
    const file = await openMetricsFile(path);
    const mesh = await loadMeshConfig(this.flags.config);
    this.#metrics = metrics;
    this.#publisher = new MetricsPublisher(metrics, {
      ...file,
      apps: () => appsOfSidecar(interceptHost, mesh, name),
      residentBytes: () => process.memoryUsage.rss(),
      warn: (text) => this.warn(text),
    });
  }

  #tell(event: SupervisorEvent): void {
    this.#metrics?.observe(event);
    this.#publisher?.soon();
    if (event.event === 'live') void notifyServiceManager('READY=1', `--status=${event.text}`);
    if (this.flags.json) this.emit({ result: event, text: () => '' });
    else if (event.event === 'live') this.emit({ result: event, text: () => event.text });
    else if (event.event === 'warning') this.warn(event.text);
    else if (event.event !== 'state') this.progress(event.text);
  }
}

/** The pair to start when nothing runs: the settled one, else what mesh.yaml names, which is checked first. */
async function firstPair(host: SidecarHost, spec: SidecarSpec, warn: (text: string) => void): Promise<string> {
  const { current } = await host.pairs.pointers();
  if (current !== null && (await host.pairs.read(current)) !== null) {
    const named = await host.pairs.stage(spec.binary, spec.bootstrap).catch(() => null);
    if (named !== null && named.id !== current) {
      warn(
        `mesh.yaml names another binary or bootstrap than the settled one: \`weir sidecar upgrade ${spec.name}\` takes it`,
      );
    }
    return current;
  }
  const pair = await host.pairs.stage(spec.binary, spec.bootstrap);
  const problem = await validateBootstrap(pair.binary, pair.bootstrap, runAsAccount(spec.uid, spec.gid), 30_000);
  if (problem === null) return pair.id;
  throw new WeirError('WEIR4014', {
    what: `${spec.name} cannot be started`,
    why: `Envoy does not accept ${spec.bootstrap}: ${problem}`,
    hint: `mend the bootstrap; \`weir sidecar init ${spec.name}\` writes one that works`,
  });
}
