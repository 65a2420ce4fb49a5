/** Composition of `weir discovery run`: the agent with registries, sockets, snapshot, journal and metrics. */
import { dirname, join } from 'node:path';
import type { CommandOutput } from '../cli/command-output.ts';
import { messageOf } from '../errors/message-of.ts';
import { systemClock } from '../platform/clock.ts';
import { readIpv6 } from '../platform/facts/ipv6.ts';
import { listenForInterruption } from '../platform/interruption.ts';
import { makeFolder } from '../platform/make-folder.ts';
import { openMetricsFile } from '../platform/process/metrics-file.ts';
import { publishMetrics } from '../platform/process/publish-metrics.ts';
import { notifyServiceManager } from '../platform/process/service-manager.ts';
import { serveAds } from './adapters/ads-server.ts';
import { openAgentJournal } from './adapters/agent-journal.ts';
import { agentFolder, agentSocketPath, serveAgentSocket } from './adapters/agent-line.ts';
import { authFileProblem } from './adapters/auth-file.ts';
import { directAddresses } from './adapters/direct-addresses.ts';
import { networkRegistries } from './adapters/network-registries.ts';
import { readPlanApart } from './adapters/read-plan-apart.ts';
import { readRulesApart } from './adapters/read-rules-apart.ts';
import { ownAddress, ruleFolderVersion } from './adapters/rule-folder.ts';
import { readSnapshotFile, writeSnapshotFile } from './adapters/snapshot-file.ts';
import { DiscoveryAgent } from './agent/discovery-agent.ts';
import type { AgentNews } from './agent/discovery-event.ts';
import { HOST_STREAMS } from './agent/envoy-streams.ts';
import { placeOf, stagePlan } from './agent/stage-plan.ts';
import { DiscoveryMetrics } from './metrics/discovery-metrics.ts';
import type { AgentPorts } from './ports.ts';
import type { DiscoveryTask } from './records/discovery-task.ts';
import { marksOf } from './records/snapshot-record.ts';
import type { FolderMarks } from './registry/zookeeper/folder-marks.ts';
import { printable } from './text/printable.ts';

/** News that people are told at once, as a warning; the rest stands in the journal and in `--json`. */
const WARNINGS: ReadonlySet<AgentNews['event']> = new Set(['held', 'nack', 'refused', 'snapshot', 'warning']);

/** Serves until SIGINT or SIGTERM; resolves to the exit code 0 or throws WeirErrors. */
export async function followForEnvoys(task: DiscoveryTask, output: CommandOutput): Promise<0> {
  const interruption = listenForInterruption(['SIGINT', 'SIGTERM']);
  const { signal } = interruption;
  const warn = (text: string) => tellNews({ event: 'warning', text }, output, task.json);
  const stage = task.serve?.stage ?? 'agent';
  const folder = join(task.stateDir, agentFolder(stage));
  const journal = openAgentJournal(folder);
  const metrics = new DiscoveryMetrics(systemClock.now());
  const file = task.metricsFile === null ? null : await openMetricsFile(task.metricsFile);
  const snapshotFile = join(folder, 'snapshot.json');
  const tell = (news: AgentNews): void => {
    metrics.observe(news);
    if (news.event !== 'converged')
      void journal(new Date(systemClock.now()).toISOString(), news).catch((error: unknown) =>
        warn(`the journal was not written: ${messageOf(error)}`),
      );
    tellNews(news, output, task.json);
  };
  // Its folder is where a start may fail; the lock is taken before anything is served.
  await makeFolder(dirname(agentSocketPath(task.runDir, stage)));
  const started = Promise.withResolvers<DiscoveryAgent>();
  const control = await serveAgentSocket(task.runDir, stage, lateHandlers(started.promise));
  try {
    const snapshot = await readSnapshotFile(snapshotFile);
    const ports = agentPorts(snapshotFile, task, marksOf(snapshot, systemClock.now()));
    const agent = await DiscoveryAgent.start(task.plan, snapshot, ports, { tell, warn });
    started.resolve(agent);
    for (const { authFile } of task.plan.registries) {
      if (authFile === undefined) continue;
      const unknown = (error: unknown) => `who may read ${authFile} is not known: ${messageOf(error)}`;
      const problem = await authFileProblem(authFile).catch(unknown);
      if (problem !== null) warn(problem);
    }
    // One after the other: a second SIGHUP while the first is carried out reads the file once more.
    let reloading = Promise.resolve();
    const onReload = () => {
      reloading = reloading.then(() => reload(agent, task, warn));
    };
    process.on('SIGHUP', onReload);
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const print = () => metrics.print(agent.machine, process.memoryUsage.rss());
    const writing = publishMetrics(file, print, { clock: systemClock, warn }, signal);
    try {
      await Promise.race([stopped, agent.failed, interruption.forced]);
    } finally {
      process.off('SIGHUP', onReload);
      await agent.stop();
    }
    await writing;
    return 0;
  } finally {
    await control.close();
    interruption.dispose();
  }
}

/** Requests that come before the agent has started wait for it. */
function lateHandlers(started: Promise<DiscoveryAgent>): ReturnType<DiscoveryAgent['handlers']> {
  const handlers = started.then((agent) => agent.handlers(process.pid));
  return {
    status: async (...request) => (await handlers).status(...request),
    confirm: async (...request) => (await handlers).confirm(...request),
    routes: async (...request) => (await handlers).routes(...request),
  };
}

/** Envoys of a control plane for many hosts. */
const CENTRAL_STREAMS = 4_096;

function agentPorts(snapshotFile: string, { plan, serve }: DiscoveryTask, marks: Map<string, FolderMarks>): AgentPorts {
  const isCentral = serve?.stage === 'central';
  return {
    clock: systemClock,
    reader: networkRegistries(systemClock, marks),
    serveAds: (sockets, listener) =>
      serve === undefined ? serveAds(sockets, listener) : serveAds([placeOf(serve, plan)], listener, serve.variants),
    mostStreams: isCentral ? CENTRAL_STREAMS : HOST_STREAMS,
    saveSnapshot: (snapshot) => writeSnapshotFile(snapshotFile, { ...snapshot, marks }),
    readRules: readRulesApart,
    rulesVersion: ruleFolderVersion,
    // A caller behind a central control plane may be on any host.
    ownAddress: isCentral ? () => null : ownAddress,
    directAddresses,
    hasIpv6: async () => serve?.ipv6 ?? (await readIpv6()) !== 'absent',
  };
}

async function reload(
  agent: DiscoveryAgent,
  { config, serve }: DiscoveryTask,
  warn: (text: string) => void,
): Promise<void> {
  try {
    await agent.reload(stagePlan(await readPlanApart(config), serve?.sidecar ?? null));
  } catch (error) {
    warn(`mesh.yaml was not read again, and nothing was changed: ${messageOf(error)}`);
  }
}

function tellNews(told: AgentNews, output: CommandOutput, json: boolean): void {
  const news = json ? told : printable(told);
  if (news.event === 'sync' || (news.event === 'serving' && news.from === 'snapshot'))
    void notifyServiceManager('READY=1', `--status=${news.text}`);
  if (json) output.result({ result: news, text: () => '' });
  else if (news.event === 'sync') output.result({ result: news, text: () => news.text });
  else if (WARNINGS.has(news.event)) output.warn(news.text);
  else if (news.event !== 'converged') output.progress(news.text);
}
