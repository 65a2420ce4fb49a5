/** The death of a supervisor in the states that a real Envoy passes in a moment, where `npm test` kills it on the fakes. */
import { supervisorDeaths } from '../e2e/sidecar/supervisor-deaths.ts';

supervisorDeaths('preflight', 'snapshot', 'spawned', 'handover', 'ending');
