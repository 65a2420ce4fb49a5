/** The types of resources that weir publishes, in the order in which one of them names the next. */

/** Type URLs of Envoy's resources. */
export const TYPE = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  assignment: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  /** Routes of HTTP, and those of Dubbo. */
  httpRoutes: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  routes: 'type.googleapis.com/envoy.extensions.filters.network.generic_proxy.v3.RouteConfiguration',
} as const;

/** One of the types. */
export type TypeUrl = (typeof TYPE)[keyof typeof TYPE];

/** Clusters before their members, these before what sends calls to them. */
export const TYPE_ORDER: readonly TypeUrl[] = [
  TYPE.cluster,
  TYPE.assignment,
  TYPE.listener,
  TYPE.httpRoutes,
  TYPE.routes,
];

/** The type of a request; null for one that weir does not publish. */
export function knownType(typeUrl: string): TypeUrl | null {
  return TYPE_ORDER.find((type) => type === typeUrl) ?? null;
}

/** The message's own name, for people: `Cluster`. */
export function shortType(type: TypeUrl): string {
  return type.slice(type.lastIndexOf('.') + 1);
}
