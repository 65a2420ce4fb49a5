/**
 * The switch of `weir off` before anything else is loaded: from the state file alone, by one run of the tool a family.
 * Bundled into a file of its own, so what it imports is small and touches nothing but constants and text.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ownNamespace } from '../../platform/namespace-id.ts';
import { searchPath } from '../../platform/search-path.ts';
import type { FirstSwitch } from '../first-switch.ts';
import { iptablesSwitchText, nftSwitchText } from '../rules/panic/panic-app.ts';
import type { SeenState, StoredApp, StoredState } from '../stored-state.ts';
import { tellOfXtablesLock } from './firewall/xtables-lock.ts';

/** Which applications, and what is remembered of them. */
export interface FirstSwitchTask {
  readonly state: StoredState;
  readonly apps: readonly string[] | 'all';
  /** The tools are started, and get their input when this resolves; null: at once. */
  readonly mayGo: Promise<void> | null;
  /** Told of the xtables lock while it is in other hands. */
  readonly onWait: (text: string) => void;
}

/** One run of a firewall tool. */
interface ToolRun {
  readonly argv: readonly [string, ...string[]];
  readonly input: string;
}

/**
 * Adds the switches of applications that are on by the state file, in this namespace. Returns null when the state file
 * does not know all of them, or the tool refuses: the kernel has to be read first then. Never rejects: the command that
 * follows meets every failure again and reports it.
 */
export async function switchFirst({ state, apps, mayGo, onWait }: FirstSwitchTask): Promise<FirstSwitch | null> {
  try {
    const on = state.apps.filter(({ desired }) => desired === 'on');
    const chosen = apps === 'all' ? on : on.filter(({ name }) => apps.includes(name));
    if (state.backend == null || chosen.length === 0 || (apps !== 'all' && chosen.length < apps.length)) return null;
    const began = performance.now();
    const told = state.backend === 'iptables-legacy' ? tellOfXtablesLock(onWait) : () => {};
    const done = await Promise.all(runsFor(state.backend, chosen).map((run) => runOnce(run, mayGo))).finally(told);
    return done.every(Boolean) ? { names: chosen.map(({ name }) => name), ms: performance.now() - began } : null;
  } catch {
    return null;
  }
}

/**
 * The remembered state, when it is about this namespace of this boot; else null. Without the schema, which takes longer to
 * load than the switch itself: the command checks all of it afterwards.
 */
export function readStateOfHere(stateDir: string): SeenState | null {
  try {
    const text = readFileSync(join(stateDir, 'state.json'), 'utf8');
    const state: StoredState = JSON.parse(text);
    const [then, now] = [state.namespace, ownNamespace()];
    const isHere = then != null && now !== null && then.id === now.id && then.boot === now.boot;
    return state.version === 1 && Array.isArray(state.apps) && isHere ? { text, state } : null;
  } catch {
    return null;
  }
}

function runsFor(backend: NonNullable<StoredState['backend']>, apps: readonly StoredApp[]): ToolRun[] {
  if (backend === 'nft') {
    return [{ argv: ['nft', '-f', '-'], input: apps.map(({ policy }) => nftSwitchText(policy, 'operator')).join('') }];
  }
  const kind = backend === 'iptables-nft' ? 'nft' : 'legacy';
  return ([6, 4] as const).flatMap((family): ToolRun[] => {
    const lines = apps.map(({ policy }) => iptablesSwitchText(policy, family, 'operator')).join('');
    const tool = `ip${family === 4 ? '' : '6'}tables-${kind}-restore`;
    return lines === '' ? [] : [{ argv: [tool, '--noflush', '-w', '25'], input: `*nat\n${lines}COMMIT\n` }];
  });
}

function runOnce({ argv: [file, ...args], input }: ToolRun, mayGo: Promise<void> | null): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, PATH: searchPath(), LC_ALL: 'C', TZ: 'UTC' },
    });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
    child.stdin.on('error', () => {});
    // Not by a promise that has resolved: the code that follows takes longer to load than the tool to run.
    if (mayGo === null) child.stdin.end(input);
    else void mayGo.then(() => child.stdin.end(input));
  });
}
