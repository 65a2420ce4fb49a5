/** Refuses transparent proxying on a back end that has no memory. */
import { WeirError } from '../errors/weir-error.ts';
import type { Backend } from './backend.ts';
import type { NamedApp } from './build-app.ts';

/**
 * Without connection tracking a rule must remember by itself which connections it took: nft's sets can, iptables cannot.
 * @throws WeirError WEIR3016, exit 3
 */
export function refuseTransparentIptables(backend: Backend, named: readonly NamedApp[]): void {
  const [first] = named.filter(({ sidecar }) => sidecar.mode === 'tproxy');
  if (first === undefined || backend === 'nft') return;
  throw new WeirError('WEIR3016', {
    what: `${first.app.name}: sidecar ${first.sidecar.name} has \`mode: tproxy\`, which needs the nft back end, and this host uses ${backend}`,
    why: 'tproxy works without connection tracking: packets write the connections that were taken into sets of nft. iptables has no such sets; nothing was changed',
    hint: '`weir uninstall`, then `weir on ... --backend nft`; or `mode: redirect`',
  });
}
