import { readdir } from 'node:fs/promises';
import type { HostFacts } from '../usecases/ports/host-facts.ts';
import { readClock } from './clock-facts.ts';
import { readCgroupMounts, readConntrackRoom, readKernelFacts } from './kernel-facts.ts';
import { countNatRules } from './nat-rules.ts';
import { readFolder, readRights } from './rights-facts.ts';
import { tryRules } from './rule-trial.ts';
import { findTools } from './tool-facts.ts';

/** The facts of the host and network namespace that this process runs in. */
export function createHostFacts(): HostFacts {
  return {
    kernel: readKernelFacts,
    tools: (names) => findTools(names),
    tryRules: (tool) => tryRules(tool),
    natRules: () => countNatRules(),
    rights: readRights,
    folder: readFolder,
    conntrackRoom: readConntrackRoom,
    cgroupMounts: readCgroupMounts,
    clock: () => readClock(),
    filesIn: (path) => readdir(path).catch(() => []),
  };
}
