/** The contract of a supervisor's host, on the fake. */
import { sidecarHostContract } from '../e2e/sidecar/sidecar-host-contract.ts';
import { openFakeSidecarLab } from './fake-sidecar-lab.ts';

sidecarHostContract('the fake host of a sidecar', openFakeSidecarLab);
