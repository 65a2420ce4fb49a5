/** The lines of off.sh for one application, by back end. */
import { iptablesAppChain } from '../iptables/compile-iptables.ts';
import { printIptablesRule } from '../iptables/print-rule.ts';
import { type Direction, encodeMark } from '../mark.ts';
import { nftLookup } from '../nft/app-lookup.ts';
import { printNftOperations } from '../nft/print-operations.ts';
import { OFF_SET } from '../nft/table-maps.ts';
import { nftTableOf } from '../nft/table-of-mode.ts';
import type { Operation } from '../operations.ts';
import type { InterceptedApp } from '../policy.ts';
import { rule } from '../rule.ts';

import type { OffCause, OwnerTag } from '../tag.ts';
import { quoteShellWord } from './shell-word.ts';

/** The facts about an application that is on which the panic file needs. */
export type PanicApp = Pick<
  InterceptedApp,
  'name' | 'mode' | 'slot' | 'select' | 'outbound' | 'inbound' | 'outboundPort' | 'inboundPort' | 'families'
>;

/** The command for `nft -f` that sends an application direct, in both families. */
export function nftPanicText(app: PanicApp): string {
  return nftSwitchText(app, 'off.sh');
}

/** The same as somebody's decision. */
export function nftSwitchText(app: PanicApp, by: OffCause): string {
  const operations = directionsOf(app).map(
    (direction): Operation => ({
      op: 'add-element',
      table: nftTableOf(app.mode),
      map: OFF_SET,
      element: { key: encodeMark({ slot: app.slot, direction }), value: null, timeoutMs: null, tag: tagOf(app, by) },
    }),
  );
  return printNftOperations(operations);
}

/** Shell lines that take an application out of nft's verdict maps: for rules that heed no switch any more. */
export function nftEntryCommands(app: PanicApp): string[] {
  return directionsOf(app).flatMap((direction) => {
    const { name, keys } = nftLookup(app, direction);
    const operations = keys.map(
      (key): Operation => ({ op: 'delete-element', table: nftTableOf(app.mode), map: `${name}_app`, key }),
    );
    return operations.map((one) => `remove_entry ${quoteShellWord(printNftOperations([one]).trimEnd())}`);
  });
}

/** What asks nft whether the marks of an application, by which a switch finds its connections, are still there. */
export function nftMarkQuestion(app: PanicApp): string {
  const operations = directionsOf(app).flatMap((direction) => {
    const { name, keys } = nftLookup(app, direction);
    const table = nftTableOf(app.mode);
    return keys.map((key): Operation => ({ op: 'delete-element', table, map: `${name}_mark`, key }));
  });
  return printNftOperations(operations).replaceAll(/^delete /gm, 'get ');
}

/** The lines for iptables-restore that send an application direct in one family; '' when it is not on there. */
export function iptablesPanicText(app: PanicApp, family: 4 | 6): string {
  return iptablesSwitchText(app, family, 'off.sh');
}

/** The same as somebody's decision. */
export function iptablesSwitchText(app: PanicApp, family: 4 | 6, by: OffCause): string {
  if (!(family === 4 ? app.families.ipv4 : app.families.ipv6)) return '';
  const text = printIptablesRule(rule([], { to: 'return' }, { counter: true, tag: tagOf(app, by) }));
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

function tagOf(app: PanicApp, by: OffCause): OwnerTag {
  return { app: app.name, hash: null, by };
}
