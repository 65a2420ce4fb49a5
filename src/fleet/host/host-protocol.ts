/** The requests that a host daemon answers on `host.sock`. */
import * as z from 'zod/mini';
import type { AgentProtocol } from '../../platform/agent/protocol.ts';
import { hostStatusSchema } from '../model/records.ts';

/** `status`: what it last said of the host. `confirm`: the store that is held is the right one. */
export const HOST_PROTOCOL = {
  name: 'host daemon',
  version: 1,
  requests: {
    status: z.object({ command: z.literal('status') }),
    confirm: z.object({ command: z.literal('confirm') }),
  },
  results: {
    status: hostStatusSchema,
    confirm: z.object({ confirmed: z.boolean() }),
  },
  event: z.object({ event: z.string() }),
} as const satisfies AgentProtocol;
