/** Witness calls in words. */
import type { RoutingCall } from '../case-file.ts';
import { describeTypedValue } from '../plan/typed-value.ts';
import type { Witness } from './tally.ts';

/** One line: the call, what the script does, what the documents do. */
export function describeWitness({ call, script, target }: Witness): string {
  return `${describeCall(call)}: script ${script}, documents ${target}`;
}

/** The call of a witness: method, arguments, attachments, caller. */
export function describeCall(call: RoutingCall): string {
  const args = call.args.map(describeTypedValue).join(', ');
  const attachments = Object.entries(call.attachments).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const caller = [call.consumer.application, call.consumer.host].filter((part) => part !== undefined).join('@');
  const extra = [...attachments, ...(caller === '' ? [] : [`caller ${caller}`])].join(', ');
  return `\`${call.service}.${call.method}(${args})\`${extra === '' ? '' : ` with ${extra}`}`;
}
