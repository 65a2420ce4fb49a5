/** The fake firewall under the firewall contract. */
import { firewallContract } from '../e2e/firewall-contract.ts';
import { makeFakeContractHost } from './fake-contract-host.ts';

for (const backend of ['nft', 'iptables-nft', 'iptables-legacy'] as const) {
  firewallContract(`the fake firewall as ${backend}`, makeFakeContractHost(backend));
}
