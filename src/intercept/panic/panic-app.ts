import { iptablesAppChain } from '../compile-iptables.ts';
import { NFT_TABLE, OFF_SET } from '../compile-nft.ts';
import { printIptablesRule } from '../iptables/print-rule.ts';
import { type Direction, encodeMark } from '../mark.ts';
import { printNftOperations } from '../nft/print-operations.ts';
import type { Operation } from '../operations.ts';
import type { InterceptedApp } from '../policy.ts';
import { rule } from '../rule.ts';
import type { OwnerTag } from '../tag.ts';

/** What the panic file has to know of an application that is on. */
export type PanicApp = Pick<
  InterceptedApp,
  'name' | 'slot' | 'outbound' | 'inbound' | 'outboundPort' | 'inboundPort' | 'families'
>;

/** The command for `nft -f` that sends an application direct, in both families. */
export function nftPanicText(app: PanicApp): string {
  const operations = directionsOf(app).map(
    (direction): Operation => ({
      op: 'add-element',
      table: NFT_TABLE,
      map: OFF_SET,
      element: { key: encodeMark({ slot: app.slot, direction }), value: null, timeoutMs: null, tag: tagOf(app) },
    }),
  );
  return printNftOperations(operations);
}

/** The lines for iptables-restore that send an application direct in one family; '' when it is not on there. */
export function iptablesPanicText(app: PanicApp, family: 4 | 6): string {
  if (!(family === 4 ? app.families.ipv4 : app.families.ipv6)) return '';
  const text = printIptablesRule(rule([], { to: 'return' }, { counter: true, tag: tagOf(app) }));
  return directionsOf(app)
    .map((direction) => `-I ${iptablesAppChain(direction, app.slot)} 1 ${text}\n`)
    .join('');
}

function directionsOf(app: PanicApp): Direction[] {
  return [
    ...(app.outbound !== null && app.outboundPort !== null ? (['outbound'] as const) : []),
    ...(app.inbound !== null && app.inboundPort !== null ? (['inbound'] as const) : []),
  ];
}

function tagOf(app: PanicApp): OwnerTag {
  return { app: app.name, hash: null, by: 'off.sh' };
}
