/** How a gateway in a cluster is, by what its Deployment says of its pods. Pure. */
import type { ClusterCondition } from '../../operator/cluster-port.ts';
import type { Gateway } from '../object-schemas.ts';
import { gatewayName } from './gateway-documents.ts';

/** The fields of a Deployment, as the cluster has it, that count. */
export interface PresentDeployment {
  readonly metadata?: { readonly generation?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
  };
}

/** The condition of a gateway whose Deployment is written. `hasFiles`: whether its ConfigMap is there. */
export function gatewayCondition(
  { metadata: { name }, spec: { replicas } }: Gateway,
  deployment: PresentDeployment,
  hasFiles: boolean,
): ClusterCondition {
  const { metadata, status = {} } = deployment;
  const { observedGeneration, readyReplicas = 0, updatedReplicas = 0 } = status;
  const isSeen = observedGeneration !== undefined && observedGeneration >= (metadata?.generation ?? 0);
  // Pods of the version before are ready too, until the new ones have taken their place.
  const ready = isSeen ? Math.min(readyReplicas, updatedReplicas) : 0;
  const pods = `${ready} of ${replicas} pods are ready`;
  if (isSeen && ready >= replicas) return { type: 'Ready', status: true, reason: 'Serving', message: pods };
  if (!hasFiles) {
    const message = `there is no ConfigMap ${gatewayName(name)}: \`weir fleet render FILE | kubectl apply -f -\` writes it`;
    return { type: 'Ready', status: false, reason: 'NoConfigMap', message };
  }
  const message = isSeen ? pods : 'its Deployment is written, and no controller has looked at it yet';
  return { type: 'Ready', status: false, reason: 'Starting', message };
}
