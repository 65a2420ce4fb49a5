/** Hazards: reasons why the traffic of an application may go another way than the proof of `weir on`. */

/** Hazards by their ids; an operator accepts the ones that refuse with `--accept-risk ID`. */
export const HAZARD_IDS = [
  'sidecar-account',
  'inbound-filtered',
  'redirect-filtered',
  'sidecar-egress',
  'conntrack-zone',
  'untracked',
  'foreign-mark',
  'routing-rule',
  'mark-taken',
  'table-taken',
  'packet-marked',
  'not-transparent',
  'bound-sockets',
  'no-address',
  'inbound-all',
  'forwarded-port',
  'no-process',
  'supplementary-group',
  'nothing-diverted',
  'user-namespace',
] as const;
/** One of HAZARD_IDS. */
export type HazardId = (typeof HAZARD_IDS)[number];

/** One thing that was found. */
export interface Hazard {
  readonly id: HazardId;
  /** `refuse`: traffic would be lost or go past the sidecar; `warn`: some may; `note`: nothing yet, so `on` is silent. */
  readonly severity: 'refuse' | 'warn' | 'note';
  /** The hazard without the application's name: the same text for all applications that it concerns. */
  readonly what: string;
  /** The consequence for traffic. */
  readonly why: string;
  /** The next step. */
  readonly hint: string;
}

/** A question that could not be answered: nothing is known of it, neither good nor bad. */
export interface Unseen {
  readonly about: string;
  readonly why: string;
}

/** The judges' findings about one application. */
export interface Judgement {
  readonly hazards: readonly Hazard[];
  readonly unseen: readonly Unseen[];
}
