/** What the supervisor tells whoever runs it: one line of text, and the same as data. */
export interface SupervisorEvent {
  readonly event:
    | ('live' | 'state' | 'report' | 'bypass' | 'lease' | 'rules' | 'warning' | 'adopted' | 'stopped')
    | 'container';
  readonly text: string;
  readonly [field: string]: unknown;
}
