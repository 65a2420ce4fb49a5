/** The request type of `weir on`. */
import type { ResolvedMeshConfig } from '../mesh/mesh-config.ts';
import type { Backend } from './backend.ts';
import type { Risk } from './preflight.ts';
import type { SwitchEvent } from './switch-result.ts';

/** The request of `weir on`. */
export interface SwitchOnRequest {
  readonly config: ResolvedMeshConfig;
  readonly apps: readonly string[];
  readonly backend: Backend | 'auto';
  /** Milliseconds after which the kernel ends it unless confirmed; null for no such deadline. */
  readonly confirmMs: number | null;
  readonly existing: 'keep' | 'cut';
  readonly acceptedRisks: readonly Risk[];
  readonly dryRun: boolean;
  /** Aborted by Ctrl-C: what was begun is rolled back. */
  readonly signal: AbortSignal;
  readonly report: (event: SwitchEvent) => void;
}
