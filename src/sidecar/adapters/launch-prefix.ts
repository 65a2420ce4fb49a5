/** The command prefix of Envoy: the account, its capabilities, its variables. */
import type { SidecarSpec } from '../ports.ts';
import { runAsAccount } from './run-as.ts';

/** The words that run a program as mesh.yaml says; empty where it says nothing. */
export function launchPrefix({ uid, gid, capabilities, env }: SidecarSpec): readonly string[] {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const environment = variables.length === 0 ? [] : ['env', '--', ...variables];
  return [...runAsAccount(uid, gid, capabilities), ...environment];
}
