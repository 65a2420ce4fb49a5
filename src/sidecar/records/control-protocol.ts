/** The requests of a supervisor's control socket and its answers. Commands and supervisors differ in age. */
import * as z from 'zod/mini';
import type { AgentProtocol, CommandOf, EventOf, RequestOf, ResultOf } from '../../platform/agent/protocol.ts';
import { REPLACE_ASKED, SUPERVISOR_FACTS } from './handoff-records.ts';
import { SIDECAR_CHECK, SIDECAR_STATUS, UPGRADE_PROGRESS, UPGRADE_REPORT, UPGRADE_RISK } from './upgrade-schemas.ts';

const path = z._default(z.nullable(z.string()), null);
const ms = z._default(z.nullable(z.number().check(z.nonnegative())), null);
const flag = z._default(z.boolean(), false);

// Whatever a field may be left out of has a default: a command of another age leaves out what it does not know.
const REQUESTS = {
  /** Paths are absolute; null takes what mesh.yaml names. `rollback`: go back to `previous` instead of taking any file. */
  upgrade: z.object({
    command: z.literal('upgrade'),
    binary: path,
    bootstrap: path,
    dryRun: flag,
    force: flag,
    drainMs: ms,
    initTimeoutMs: z._default(z.number().check(z.nonnegative()), 60_000),
    rollback: flag,
    now: flag,
    accept: z._default(z.readonly(z.array(UPGRADE_RISK)), []),
    check: z._default(z.nullable(SIDECAR_CHECK), null),
    bakeMs: ms,
    bakeBytes: ms,
    spreadMs: ms,
    actor: z.exactOptional(z.string()),
    note: path,
  }),
  /** Follows an upgrade on, after the supervisor that began it has died. */
  follow: z.object({ command: z.literal('follow'), id: z.string() }),
  abort: z.object({ command: z.literal('abort') }),
  status: z.object({ command: z.literal('status') }),
  'reopen-logs': z.object({ command: z.literal('reopen-logs') }),
  stop: z.object({ command: z.literal('stop'), drainMs: ms }),
  /** Another container of the pod takes over: the supervisor steps down and opens the door to its processes. */
  'hand-over': z.object({ command: z.literal('hand-over') }),
  /** Which process and which weir supervise. */
  supervisor: z.object({ command: z.literal('supervisor') }),
  /** The process of the supervisor becomes another weir; its answer comes before that. */
  replace: REPLACE_ASKED,
} as const;

/** The protocol of `control.sock`. */
export const CONTROL_PROTOCOL = {
  name: 'supervisor',
  version: 1,
  requests: REQUESTS,
  results: {
    upgrade: UPGRADE_REPORT,
    follow: z.nullable(UPGRADE_REPORT),
    abort: z.object({ aborted: z.boolean(), served: z._default(z.nullable(z.boolean()), null) }),
    status: SIDECAR_STATUS,
    'reopen-logs': z.object({ told: z.int() }),
    stop: z.object({ stopped: z.boolean() }),
    'hand-over': z.object({ steppedDown: z.boolean() }),
    supervisor: SUPERVISOR_FACTS,
    replace: SUPERVISOR_FACTS,
  },
  event: z.discriminatedUnion('event', [
    z.object({ event: z.literal('accepted'), id: z.string() }),
    z.object({ ...UPGRADE_PROGRESS.shape, event: z.literal('state') }),
    z.object({ ...UPGRADE_PROGRESS.shape, event: z.literal('drain') }),
  ]),
} as const satisfies AgentProtocol;

/** The names of the requests. */
export type ControlCommand = CommandOf<typeof CONTROL_PROTOCOL>;

/** A request, by its command. */
export type ControlRequest<C extends ControlCommand> = RequestOf<typeof CONTROL_PROTOCOL, C> & { readonly command: C };

/** The result of a request. */
export type ControlResult<C extends ControlCommand> = ResultOf<typeof CONTROL_PROTOCOL, C>;

/** The events before the result of an upgrade. */
export type ControlEvent = EventOf<typeof CONTROL_PROTOCOL>;
