/** Composition of `weir check`: the facts of this host. */
import { cgroupMounts } from '../platform/cgroups.ts';
import { readFolder, readRights } from '../platform/facts/rights-facts.ts';
import { readClock } from './adapters/clock-facts.ts';
import { filesIn } from './adapters/files-in.ts';
import { readConntrackRoom, readKernelFacts } from './adapters/kernel-facts.ts';
import { countNatRules } from './adapters/nat-rules.ts';
import { tryRules } from './adapters/rule-trial.ts';
import { findTools } from './adapters/tool-facts.ts';
import type { HostFacts } from './ports.ts';

/** The facts of the host and network namespace that this process runs in. */
export function openHostFacts(): HostFacts {
  return {
    kernel: readKernelFacts,
    tools: (names) => findTools(names),
    tryRules: (tool) => tryRules(tool),
    natRules: () => countNatRules(),
    rights: readRights,
    folder: readFolder,
    conntrackRoom: readConntrackRoom,
    cgroupMounts,
    clock: () => readClock(),
    groovy: async () => (await import('../rules/compose.ts')).readGroovyFacts(),
    dubboRouters: async () => (await import('../rules/compose.ts')).readDubboRouters(),
    authFileProblem: async (file) => (await import('../discovery/compose.ts')).authFileProblem(file),
    registryProblem: async (registry) => (await import('../discovery/compose.ts')).registryProblem(registry),
    discoveryAgent: async (runDir) => (await import('../discovery/compose.ts')).agentFacts(runDir),
    filesIn,
  };
}
