/** The firewall contract on every real back end, with packets. */
import { createIptablesFirewall } from '../../src/interception/adapters/firewall/iptables.ts';
import { createNftFirewall } from '../../src/interception/adapters/firewall/nft.ts';
import type { Backend } from '../../src/interception/backend.ts';
import type { Firewall } from '../../src/interception/ports.ts';
import type { runTool } from '../../src/platform/exec.ts';
import { firewallContract } from './firewall-contract.ts';
import { makeLabContractHost } from './lab-contract-host.ts';

const FIREWALLS: readonly [Backend, (run: typeof runTool, recent: string) => Firewall][] = [
  ['nft', createNftFirewall],
  ['iptables-nft', (run, recent) => createIptablesFirewall('nft', run, recent)],
  ['iptables-legacy', (run, recent) => createIptablesFirewall('legacy', run, recent)],
];

for (const [backend, makeFirewall] of FIREWALLS) {
  firewallContract(`${backend} with packets`, await makeLabContractHost(backend, makeFirewall));
}
