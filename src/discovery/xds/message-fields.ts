/**
 * The numbers and types of the fields of Envoy's messages that weir sends. Source: envoy/api v3 and xds of Envoy 1.40; a
 * field that is not here cannot be sent. Messages inside an Any are named by their full name.
 */

/** How the value of a field is written. */
export type FieldKind =
  | 'string'
  | 'bool'
  | 'uint32'
  /** google.protobuf.Duration, in JSON as `0.5s`. */
  | 'duration'
  /** google.protobuf.Any, in JSON an object with `@type`. */
  | 'any'
  | { readonly names: Readonly<Record<string, number>> }
  | { readonly message: string }
  /** google.protobuf.UInt32Value and BoolValue: the value in a message of its own. */
  | { readonly wrapped: 'uint32' | 'bool' }
  /** A map from strings to values of this kind. */
  | { readonly mapOf: FieldKind };

/** One field. */
export interface MessageField {
  readonly id: number;
  readonly kind: FieldKind;
  readonly isList: boolean;
}

/** The fields of a message by their names in proto files. */
export type MessageFields = Readonly<Record<string, MessageField>>;

const one = (id: number, kind: FieldKind): MessageField => ({ id, kind, isList: false });
const list = (id: number, kind: FieldKind): MessageField => ({ id, kind, isList: true });
const message = (name: string): FieldKind => ({ message: name });

const NUMBER = { wrapped: 'uint32' } as const;
const FLAG = { wrapped: 'bool' } as const;
const API_VERSION = { names: { AUTO: 0, V2: 1, V3: 2 } } as const;
const NETWORK = 'envoy.extensions.filters.network';
const GENERIC = `${NETWORK}.generic_proxy`;

/** A filter, an action, an input: a name and a message of any type, `typed_config` under the number that differs. */
const extension = (typedConfig: number): MessageFields => ({
  name: one(1, 'string'),
  typed_config: one(typedConfig, 'any'),
});

const NONE: MessageFields = {};

/** All messages. */
export const MESSAGES: Readonly<Record<string, MessageFields>> = {
  'envoy.config.listener.v3.Listener': {
    name: one(1, 'string'),
    address: one(2, message('Address')),
    additional_addresses: list(33, message('AdditionalAddress')),
    filter_chains: list(3, message('FilterChain')),
    filter_chain_matcher: one(32, message('Matcher')),
    default_filter_chain: one(25, message('FilterChain')),
    per_connection_buffer_limit_bytes: one(5, NUMBER),
    listener_filters: list(9, message('ListenerFilter')),
  },
  AdditionalAddress: { address: one(1, message('Address')) },
  FilterChain: { filters: list(3, message('Filter')), name: one(7, 'string') },
  Filter: extension(4),
  ListenerFilter: extension(3),
  Address: { socket_address: one(1, message('SocketAddress')) },
  SocketAddress: { address: one(2, 'string'), port_value: one(3, 'uint32') },

  'envoy.config.cluster.v3.Cluster': {
    name: one(1, 'string'),
    type: one(2, { names: { STATIC: 0, STRICT_DNS: 1, LOGICAL_DNS: 2, EDS: 3, ORIGINAL_DST: 4 } }),
    eds_cluster_config: one(3, message('EdsClusterConfig')),
    connect_timeout: one(4, 'duration'),
    per_connection_buffer_limit_bytes: one(5, NUMBER),
    lb_policy: one(6, { names: { ROUND_ROBIN: 0, LEAST_REQUEST: 1, CLUSTER_PROVIDED: 6 } }),
    health_checks: list(8, message('HealthCheck')),
    circuit_breakers: one(10, message('CircuitBreakers')),
    ignore_health_on_host_removal: one(32, 'bool'),
    load_assignment: one(33, message('envoy.config.endpoint.v3.ClusterLoadAssignment')),
    typed_extension_protocol_options: one(36, { mapOf: 'any' }),
  },
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    use_downstream_protocol_config: one(4, message('UseDownstreamHttpConfig')),
  },
  UseDownstreamHttpConfig: {
    http_protocol_options: one(1, message('Http1ProtocolOptions')),
    http2_protocol_options: one(2, message('Http2ProtocolOptions')),
  },
  Http1ProtocolOptions: NONE,
  Http2ProtocolOptions: NONE,
  HealthCheck: {
    timeout: one(1, 'duration'),
    interval: one(2, 'duration'),
    interval_jitter: one(3, 'duration'),
    unhealthy_threshold: one(4, NUMBER),
    healthy_threshold: one(5, NUMBER),
    tcp_health_check: one(9, message('TcpHealthCheck')),
    no_traffic_interval: one(12, 'duration'),
  },
  TcpHealthCheck: NONE,
  EdsClusterConfig: { eds_config: one(1, message('ConfigSource')), service_name: one(2, 'string') },
  ConfigSource: {
    ads: one(3, message('AggregatedConfigSource')),
    initial_fetch_timeout: one(4, 'duration'),
    resource_api_version: one(6, API_VERSION),
  },
  AggregatedConfigSource: NONE,
  CircuitBreakers: { thresholds: list(1, message('Thresholds')) },
  Thresholds: { max_connections: one(2, NUMBER), max_pending_requests: one(3, NUMBER), max_requests: one(4, NUMBER) },

  'envoy.config.endpoint.v3.ClusterLoadAssignment': {
    cluster_name: one(1, 'string'),
    endpoints: list(2, message('LocalityLbEndpoints')),
    policy: one(4, message('AssignmentPolicy')),
  },
  AssignmentPolicy: { overprovisioning_factor: one(3, NUMBER) },
  LocalityLbEndpoints: {
    lb_endpoints: list(2, message('LbEndpoint')),
    priority: one(5, 'uint32'),
  },
  LbEndpoint: { endpoint: one(1, message('Endpoint')), load_balancing_weight: one(4, NUMBER) },
  Endpoint: { address: one(1, message('Address')) },

  Matcher: {
    matcher_list: one(1, message('MatcherList')),
    matcher_tree: one(2, message('MatcherTree')),
    on_no_match: one(3, message('OnMatch')),
  },
  OnMatch: { matcher: one(1, message('Matcher')), action: one(2, message('TypedExtensionConfig')) },
  MatcherList: { matchers: list(1, message('FieldMatcher')) },
  FieldMatcher: { predicate: one(1, message('Predicate')), on_match: one(2, message('OnMatch')) },
  Predicate: {
    single_predicate: one(1, message('SinglePredicate')),
    or_matcher: one(2, message('PredicateList')),
    and_matcher: one(3, message('PredicateList')),
    not_matcher: one(4, message('Predicate')),
  },
  PredicateList: { predicate: list(1, message('Predicate')) },
  SinglePredicate: {
    input: one(1, message('TypedExtensionConfig')),
    value_match: one(2, message('StringMatcher')),
    custom_match: one(3, message('TypedExtensionConfig')),
  },
  MatcherTree: {
    input: one(1, message('TypedExtensionConfig')),
    exact_match_map: one(2, message('MatchMap')),
    prefix_match_map: one(3, message('MatchMap')),
    custom_match: one(4, message('TypedExtensionConfig')),
  },
  MatchMap: { map: one(1, { mapOf: message('OnMatch') }) },
  TypedExtensionConfig: extension(2),
  StringMatcher: {
    exact: one(1, 'string'),
    prefix: one(2, 'string'),
    suffix: one(3, 'string'),
    safe_regex: one(5, message('RegexMatcher')),
    ignore_case: one(6, 'bool'),
    contains: one(7, 'string'),
    custom: one(8, message('TypedExtensionConfig')),
  },
  'envoy.extensions.string_matcher.lua.v3.Lua': { source_code: one(1, message('DataSource')) },
  DataSource: { inline_string: one(3, 'string') },
  RegexMatcher: { google_re2: one(1, message('GoogleRE2')), regex: one(2, 'string') },
  GoogleRE2: NONE,
  'xds.type.matcher.v3.IPMatcher': { range_matchers: list(1, message('IPRangeMatcher')) },
  IPRangeMatcher: { ranges: list(1, message('CidrRange')), on_match: one(2, message('OnMatch')) },
  CidrRange: { address_prefix: one(1, 'string'), prefix_len: one(2, NUMBER) },

  [`${GENERIC}.v3.GenericProxy`]: {
    stat_prefix: one(1, 'string'),
    codec_config: one(2, message('TypedExtensionConfig')),
    generic_rds: one(3, message('GenericRds')),
    route_config: one(4, message(`${GENERIC}.v3.RouteConfiguration`)),
    filters: list(5, message('TypedExtensionConfig')),
  },
  GenericRds: { config_source: one(1, message('ConfigSource')), route_config_name: one(2, 'string') },
  [`${GENERIC}.v3.RouteConfiguration`]: {
    name: one(1, 'string'),
    routes: one(2, message('Matcher')),
    virtual_hosts: list(3, message('GenericVirtualHost')),
  },
  GenericVirtualHost: { name: one(1, 'string'), hosts: list(2, 'string'), routes: one(3, message('Matcher')) },
  [`${GENERIC}.codecs.dubbo.v3.DubboCodecConfig`]: NONE,
  [`${GENERIC}.router.v3.Router`]: { bind_upstream_connection: one(1, FLAG) },
  [`${GENERIC}.action.v3.RouteAction`]: {
    cluster: one(1, 'string'),
    name: one(5, 'string'),
    timeout: one(6, 'duration'),
  },
  [`${GENERIC}.matcher.v3.PropertyMatchInput`]: { property_name: one(1, 'string') },
  [`${GENERIC}.matcher.v3.MethodMatchInput`]: NONE,
  [`${NETWORK}.http_connection_manager.v3.HttpConnectionManager`]: {
    stat_prefix: one(2, 'string'),
    rds: one(3, message('Rds')),
    route_config: one(4, message('envoy.config.route.v3.RouteConfiguration')),
    http_filters: list(5, message('HttpFilter')),
    generate_request_id: one(15, FLAG),
    upgrade_configs: list(23, message('UpgradeConfig')),
    stream_idle_timeout: one(24, 'duration'),
    server_header_transformation: one(34, { names: { OVERWRITE: 0, APPEND_IF_ABSENT: 1, PASS_THROUGH: 2 } }),
    common_http_protocol_options: one(35, message('HttpProtocolOptions')),
  },
  Rds: { config_source: one(1, message('ConfigSource')), route_config_name: one(2, 'string') },
  HttpFilter: extension(4),
  UpgradeConfig: { upgrade_type: one(1, 'string') },
  HttpProtocolOptions: { idle_timeout: one(1, 'duration') },
  'envoy.extensions.filters.http.router.v3.Router': { suppress_envoy_headers: one(4, 'bool') },
  'envoy.config.route.v3.RouteConfiguration': {
    name: one(1, 'string'),
    virtual_hosts: list(2, message('HttpVirtualHost')),
    request_headers_to_remove: list(8, 'string'),
  },
  HttpVirtualHost: { name: one(1, 'string'), domains: list(2, 'string'), routes: list(3, message('HttpRoute')) },
  HttpRoute: { match: one(1, message('RouteMatch')), route: one(2, message('HttpRouteAction')) },
  RouteMatch: { prefix: one(1, 'string'), headers: list(6, message('HeaderMatcher')) },
  HeaderMatcher: {
    name: one(1, 'string'),
    present_match: one(7, 'bool'),
    string_match: one(13, message('StringMatcher')),
    treat_missing_header_as_empty: one(14, 'bool'),
  },
  HttpRouteAction: { cluster: one(1, 'string'), timeout: one(8, 'duration') },
  [`${NETWORK}.tcp_proxy.v3.TcpProxy`]: { stat_prefix: one(1, 'string'), cluster: one(2, 'string') },
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': NONE,
  'envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput': NONE,
  'envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput': NONE,
  'google.protobuf.StringValue': { value: one(1, 'string') },
};
