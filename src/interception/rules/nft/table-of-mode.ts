/** The native nft table of an application. */
import { unreachable } from '../../../errors/unreachable.ts';
import type { DivertMode } from '../policy.ts';
import { NFT_TABLE } from './compile-nft.ts';
import { TPROXY_TABLE } from './compile-tproxy.ts';

/** The table that holds the rules, switches and leases of applications in this mode. */
export function nftTableOf(mode: DivertMode): string {
  switch (mode) {
    case 'redirect':
      return NFT_TABLE;
    case 'tproxy':
      return TPROXY_TABLE;
    default:
      return unreachable(mode);
  }
}
