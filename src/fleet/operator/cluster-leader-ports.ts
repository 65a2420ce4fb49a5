/** What the leader of a region on Kubernetes needs. */
import type { ClusterPort } from './cluster-port.ts';
import type { LeaderPorts } from './lead-region.ts';

/** The ports, and where it works. */
export interface ClusterLeaderPorts extends LeaderPorts {
  readonly cluster: ClusterPort;
  readonly namespace: string;
  /** The image of gateways. */
  readonly gatewayImage: string;
}
