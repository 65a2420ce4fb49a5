import type { runTool } from '../../src/host/exec.ts';
import { createIptablesFirewall } from '../../src/host/firewall/iptables.ts';
import { createNftFirewall } from '../../src/host/firewall/nft.ts';
import type { Backend, Firewall } from '../../src/usecases/ports.ts';
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
