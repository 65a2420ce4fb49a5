/** The events of a supervisor: the lines of `weir sidecar run` and the source of its metrics. */
import type { SidecarState } from '../machine/sidecar-state.ts';
import type { UpgradeReport } from '../machine/upgrade-report.ts';

/** One event: a line of text, and the same as data. */
export type SupervisorEvent =
  | {
      readonly event: 'live';
      readonly text: string;
      readonly epoch: number;
      readonly pid: number | null;
      readonly version: string | null;
    }
  | { readonly event: 'state' | 'adopted'; readonly text: string; readonly state: SidecarState['name'] }
  | {
      readonly event: 'crash';
      readonly text: string;
      readonly detail: string;
      readonly crashes: number;
      readonly retryMs: number;
    }
  | {
      readonly event: 'plan';
      readonly text: string;
      readonly plan: 'adopt' | 'start' | 'retry';
      readonly pid: number | null;
      readonly version: string | null;
    }
  | { readonly event: 'report'; readonly text: string; readonly report: UpgradeReport }
  | { readonly event: 'bypass'; readonly text: string; readonly on: boolean }
  | { readonly event: 'lease' | 'rules' | 'warning' | 'stopped'; readonly text: string }
  | { readonly event: 'container'; readonly text: string; readonly part: 'stepped-down' | 'taken-back' | 'idle' };
