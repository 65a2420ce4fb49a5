/** The type of everything that a check can look at. */
import type { WeirError } from '../errors/weir-error.ts';
import type { InterceptHost } from '../interception/host.ts';
import type { ResolvedMeshConfig } from '../mesh/mesh-config.ts';
import type { HostFacts } from './ports.ts';

/** Everything that the checks look at. */
export interface CheckHost {
  readonly facts: HostFacts;
  readonly intercept: InterceptHost;
  readonly config: CheckConfig;
  readonly runDir: string;
  readonly stateDir: string;
}

/** mesh.yaml as far as it could be read: checks that do not need it go on without. */
export type CheckConfig =
  | { readonly state: 'good'; readonly mesh: ResolvedMeshConfig }
  | { readonly state: 'missing'; readonly file: string }
  /** It has mistakes, or whether it has some could not be found out. */
  | { readonly state: 'broken'; readonly error: WeirError };
