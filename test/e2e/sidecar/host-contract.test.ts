/** The contract of a supervisor's host, on the real one with a real Envoy. */
import { openEnvoyContractLab } from './envoy-contract-lab.ts';
import { sidecarHostContract } from './sidecar-host-contract.ts';

sidecarHostContract('the real host of a sidecar', openEnvoyContractLab);
