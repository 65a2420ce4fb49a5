import { openSidecar } from '../host/envoy/open-sidecar.ts';
import { readSpecApart, type SupervisedSidecar } from '../host/envoy/read-spec-apart.ts';
import { openSupervisionPorts } from '../host/envoy/supervision-ports.ts';
import { becomeIdle } from '../host/idle-process.ts';
import { createInterceptHost } from '../host/intercept-host.ts';
import { listenForInterruption } from '../host/interruption.ts';
import { openMetricsFile } from '../host/metrics-file.ts';
import { notifyServiceManager } from '../host/service-manager.ts';
import type { ContainerRole } from '../upgrade/container-role.ts';
import { appsOfSidecar } from '../usecases/sidecar/app-metrics.ts';
import { MetricsPublisher } from '../usecases/sidecar/publish-metrics.ts';
import { SidecarMetrics } from '../usecases/sidecar/sidecar-metrics.ts';
import { sidecarTraffic } from '../usecases/sidecar/sidecar-traffic.ts';
import { superviseSidecar } from '../usecases/sidecar/supervise.ts';
import type { SupervisorEvent } from '../usecases/sidecar/supervisor-event.ts';
import type { CommandOutput } from './command-output.ts';
import { firstPair } from './first-pair.ts';

/** What `weir sidecar run` hands to the program that stays. */
export interface SuperviseTask {
  readonly name: string;
  readonly config: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly netns: string;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly metricsFile: string | null;
  readonly role: ContainerRole;
  readonly sidecar: SupervisedSidecar;
  readonly weirVersion: string;
}

/** Supervises until the end; resolves to the exit code 0 or throws WeirErrors. */
export async function supervise(task: SuperviseTask, output: CommandOutput): Promise<0> {
  const { name, config, runDir, stateDir, netns, json, metricsFile, role, sidecar } = task;
  const { spec } = sidecar;
  // SIGHUP asks for an upgrade, and a reader that goes away (a log that is restarted) must not end a sidecar.
  const interruption = listenForInterruption(['SIGINT', 'SIGTERM']);
  const warn = (text: string) => output.warn(text);
  const folders = { runDir, stateDir };
  const interceptHost = createInterceptHost({ runDir, stateDir, netns, standBy: true, warn });
  const metrics = new SidecarMetrics(name, Date.now());
  const publisher =
    metricsFile === null
      ? null
      : new MetricsPublisher(metrics, {
          ...(await openMetricsFile(metricsFile)),
          apps: () => appsOfSidecar(interceptHost, sidecar.apps, name),
          residentBytes: () => process.memoryUsage.rss(),
          warn,
        });
  const host = openSidecar(folders, spec);
  await host.prepare(spec);
  const ports = await openSupervisionPorts(folders, spec, {
    signal: interruption.signal,
    readSpec: async () => (await readSpecApart(config, name)).spec,
    firstPair: () => firstPair(host, spec, warn),
  });
  const tell = (event: SupervisorEvent) => {
    metrics.observe(event);
    publisher?.soon();
    tellEvent(event, output, json);
  };
  const traffic = sidecarTraffic(interceptHost, name, (event, text) => tell({ event, text }), metrics);
  const ended = superviseSidecar(ports, role, traffic, {
    tell,
    began: (supervisor) => publisher?.start(supervisor),
    ended: async () => publisher?.stop(),
  });
  const end = await Promise.race([ended, interruption.forced]);
  if (end === 'retired' && !interruption.signal.aborted) await idle(name, output, json);
  return 0;
}

/** Becomes the process of a container that has nothing to do: the other one serves. */
export async function idle(name: string, output: CommandOutput, json: boolean): Promise<never> {
  const text = `${name}: the other container serves; idle`;
  tellEvent({ event: 'container', text, part: 'idle' }, output, json);
  await notifyServiceManager('READY=1');
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
  return becomeIdle();
}

function tellEvent(event: SupervisorEvent, output: CommandOutput, json: boolean): void {
  if (event.event === 'live') void notifyServiceManager('READY=1', `--status=${event.text}`);
  if (json) output.result({ result: event, text: () => '' });
  else if (event.event === 'live') output.result({ result: event, text: () => event.text });
  else if (event.event === 'warning') output.warn(event.text);
  else if (event.event !== 'state') output.progress(event.text);
}
