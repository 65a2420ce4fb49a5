/** Composition of `weir host`: this machine, its fleet, and the socket by which it is asked. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { CommandOutput } from '../cli/command-output.ts';
import { WeirError } from '../errors/weir-error.ts';
import { openInterceptHost } from '../interception/compose.ts';
import { loadMeshConfig } from '../mesh/compose.ts';
import { askAgent } from '../platform/agent/ask-agent.ts';
import { type AgentHandlers, answerLine } from '../platform/agent/protocol.ts';
import { ownBootId } from '../platform/boot-id.ts';
import { systemClock } from '../platform/clock.ts';
import { exchangeLines, serveControlSocket } from '../platform/control-socket.ts';
import { makeFolder } from '../platform/make-folder.ts';
import { openMetricsFile } from '../platform/process/metrics-file.ts';
import { publishMetrics } from '../platform/process/publish-metrics.ts';
import { notifyServiceManager } from '../platform/process/service-manager.ts';
import { readRecordFile, writeRecordFile } from '../platform/record-file.ts';
import { openSidecarPorts } from '../sidecar/compose.ts';
import { localHost } from './adapters/local-host.ts';
import { podHost, readPodFolder } from './adapters/pod-host.ts';
import { processorShare } from './adapters/processor-share.ts';
import { openRegion, readFleetConfig } from './compose.ts';
import { HostDaemon } from './host/host-daemon.ts';
import { HOST_MEMORY } from './host/host-memory.ts';
import { HOST_PROTOCOL } from './host/host-protocol.ts';
import type { HostTask } from './host/host-task.ts';
import type { HostPorts } from './host/ports.ts';
import { HostMetrics } from './metrics/host-metrics.ts';
import type { HostConfig, RegionConfig } from './model/fleet-config.ts';
import { hostNameOfPod } from './model/pod-info.ts';

/** Who this host is. Throws WEIR1611 where fleet.yaml does not say it. */
export async function readHostConfig(
  file: string,
): Promise<{ readonly host: HostConfig; readonly region: RegionConfig }> {
  const config = await readFleetConfig(file);
  const { host } = config;
  const region = config.regions.find(({ name }) => name === host?.region);
  if (host === null || region === undefined) {
    throw new WeirError('WEIR1611', {
      what: `${file} does not say who this host is`,
      why: 'it has no section host',
      hint: 'add for example: host: {region: east, labels: {unit: u1}}',
    });
  }
  return { host, region };
}

/** Runs until a signal. Throws WEIR1611, WEIR1601, WEIR4001 (another one runs). */
export async function runHost(run: HostTask, output: CommandOutput, signal: AbortSignal): Promise<0> {
  const { host, region } = await readHostConfig(run.fleetConfig);
  const pod = run.podInfo === null ? null : await readPodFolder(run.podInfo);
  const name = pod === null ? (host.name ?? hostname()) : hostNameOfPod(pod);
  const file = run.metricsFile === null ? null : await openMetricsFile(run.metricsFile);
  await loadMeshConfig(run.config);
  const { runDir, stateDir, netns, config } = run;
  await Promise.all([makeFolder(runDir), makeFolder(stateDir)]);
  const memory = join(stateDir, 'fleet-host.json');
  const { keys, store } = openRegion(region, (text) => output.warn(text));
  const warn = (text: string) => output.warn(text);
  const metrics = new HostMetrics(systemClock.now());
  const intercept = openInterceptHost({ runDir, stateDir, netns, standBy: true, warn });
  const machine = localHost({
    intercept,
    sidecars: openSidecarPorts({ config, runDir, stateDir }),
    loadMesh: () => loadMeshConfig(config),
    watched: [stateDir, runDir],
    share: processorShare(),
    warn,
  });
  const ports: HostPorts = {
    name,
    region: region.name,
    labels: { ...host.labels, ...pod?.labels },
    pod,
    ttlMs: host.status.ttl,
    weirVersion: run.weirVersion,
    identity: { machine: hostname(), boot: ownBootId(), instance: randomUUID(), session: randomUUID() },
    keys,
    store,
    local: run.podInfo === null ? machine : podHost(machine, run.podInfo),
    clock: systemClock,
    recall: () => readRecordFile(HOST_MEMORY, memory),
    remember: (value) => writeRecordFile(HOST_MEMORY, memory, value),
    tell: (line) => output.progress(line),
    warn,
    random: Math.random,
  };
  const daemon = new HostDaemon(file === null ? ports : metrics.meter(ports));
  const handlers: AgentHandlers<typeof HOST_PROTOCOL> = {
    status: async () => daemon.status,
    confirm: async () => ({ confirmed: daemon.confirm() }),
  };
  const socket = await serveControlSocket(hostSocket(runDir), (line, write, gone) =>
    answerLine(HOST_PROTOCOL, handlers, line, write, gone),
  );
  try {
    output.progress(`${name} follows the region ${region.name} (${store.place})`);
    void notifyServiceManager('READY=1', `--status=follows ${region.name}`);
    const print = () => metrics.print(daemon.status, process.memoryUsage.rss());
    await Promise.all([daemon.run(signal), publishMetrics(file, print, { clock: systemClock, warn }, signal)]);
  } finally {
    await intercept.release?.();
    await socket.close();
  }
  return 0;
}

/** Tells the daemon of this host that the store which it holds is the right one. Throws WEIR1612 when none runs. */
export async function confirmOnHost(runDir: string): Promise<boolean> {
  const answer = await askAgent<typeof HOST_PROTOCOL, 'confirm'>(
    HOST_PROTOCOL,
    (line, onLine, signal) => exchangeLines(hostSocket(runDir), line, onLine, signal),
    { command: 'confirm' },
  );
  if (answer.kind === 'result') return answer.result.confirmed;
  throw new WeirError('WEIR1612', {
    what: `no host daemon answers on ${hostSocket(runDir)}`,
    why: answer.kind === 'gone' ? 'it went away before it answered' : 'nobody listens there',
    hint: 'start it with `weir host run`; `weir fleet confirm` accepts the store for all hosts of the region',
  });
}

function hostSocket(runDir: string): string {
  return join(runDir, 'host.sock');
}
