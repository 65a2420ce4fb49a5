/** The call that has nothing in it: what conditions are probed with, one leaf at a time. */
import type { RoutingCall } from '../case-file.ts';

/** A call in which nothing but one leaf is set; the probe of constant folding. */
export function emptyCall(): RoutingCall {
  return { service: '', method: '', paramTypes: [], args: [], attachments: {}, consumer: {} };
}
