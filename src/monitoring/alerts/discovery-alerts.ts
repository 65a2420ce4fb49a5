/** Alerts about discovery agents. */
import type { Alert } from '../alert.ts';

/** In the order of the guide. */
export const DISCOVERY_ALERTS: readonly Alert[] = [
  {
    name: 'WeirDiscoveryNotServing',
    severity: 'page',
    expr: 'weir_discovery_serving == 0',
    for: '1m',
    summary: 'The discovery agent of {{ $labels.instance }} answers no Envoy',
    meaning:
      'It has neither a first complete list from its registries nor a snapshot. Envoys that run keep what they have; one that starts has no endpoints.',
    steps: ['On the host: `weir discovery status` names the registry that is missing, and why.'],
    fires: {
      series: { 'weir_discovery_serving{instance="a"}': '0x10' },
      at: '3m',
      labels: [{ instance: 'a' }],
    },
    quiet: [{ series: { 'weir_discovery_serving{instance="a"}': '0 1x10' }, at: '3m' }],
  },
  {
    name: 'WeirDiscoveryRegistryLost',
    severity: 'ticket',
    // One that was never in sync may go from lost to syncing and back for ever.
    expr: 'max by (instance, registry) (weir_discovery_registry_state{state=~"lost|syncing"}) == 1',
    for: '5m',
    summary: 'The agent of {{ $labels.instance }} does not reach the registry {{ $labels.registry }}',
    meaning: 'Endpoints stay as they were last seen; instances that came or went since then are not known.',
    steps: ['On the host: `weir discovery status`; see whether the registry lives, and whether the host reaches it.'],
    fires: {
      series: {
        'weir_discovery_registry_state{instance="a",registry="zk",state="lost"}': '1 0 1 0 1 0 1 0 1 0',
        'weir_discovery_registry_state{instance="a",registry="zk",state="syncing"}': '0 1 0 1 0 1 0 1 0 1',
      },
      at: '8m',
      labels: [{ instance: 'a', registry: 'zk' }],
    },
    quiet: [
      { series: { 'weir_discovery_registry_state{instance="a",registry="zk",state="lost"}': '1x2 0x10' }, at: '8m' },
    ],
  },
  {
    name: 'WeirDiscoveryHeld',
    severity: 'ticket',
    expr: 'weir_discovery_held_endpoints > 0',
    for: '5m',
    summary: 'Endpoints of {{ $labels.app }} went from the registry and are held',
    meaning:
      'A list that shrank sharply or became empty is not believed until somebody confirms it or the registry changes again.',
    steps: [
      'On the host: `weir discovery status` shows what would go.',
      'If the instances are gone for good: `weir discovery confirm`.',
    ],
    fires: {
      series: { 'weir_discovery_held_endpoints{instance="a",app="shop"}': '4x10' },
      at: '8m',
      labels: [{ instance: 'a', app: 'shop' }],
    },
    quiet: [{ series: { 'weir_discovery_held_endpoints{instance="a",app="shop"}': '0x10' }, at: '8m' }],
  },
  {
    name: 'WeirDiscoveryRefused',
    severity: 'ticket',
    expr: 'increase(weir_discovery_nacks_total[15m]) > 0',
    summary: 'An Envoy of {{ $labels.instance }} refused {{ $labels.type }} of the agent',
    meaning: 'Envoy keeps what it had of that kind. Endpoints that came later still reach it.',
    steps: ['On the host: the log of `weir discovery run` has what Envoy said.'],
    fires: {
      series: { 'weir_discovery_nacks_total{instance="a",type="routes"}': '0x5 1x10' },
      at: '10m',
      labels: [{ instance: 'a', type: 'routes' }],
    },
    quiet: [{ series: { 'weir_discovery_nacks_total{instance="a",type="routes"}': '1x20' }, at: '18m' }],
  },
  {
    name: 'WeirDiscoverySlow',
    severity: 'ticket',
    expr: 'weir:discovery_converge_seconds:p99_5m > 5',
    for: '5m',
    summary: 'Changes take more than five seconds to reach the Envoys of {{ $labels.instance }}',
    meaning: 'The 99th percentile from a change in the registry until every connected Envoy has taken it.',
    steps: [
      'On the host: `weir discovery status`; see whether an Envoy hangs (`weir sidecar status`) or CPU is short.',
    ],
    fires: {
      series: {
        'weir_discovery_converge_seconds_bucket{instance="a",le="5"}': '0x30',
        'weir_discovery_converge_seconds_bucket{instance="a",le="10"}': '0+5x30',
        'weir_discovery_converge_seconds_bucket{instance="a",le="+Inf"}': '0+5x30',
      },
      at: '20m',
      labels: [{ instance: 'a' }],
    },
    quiet: [
      {
        series: {
          'weir_discovery_converge_seconds_bucket{instance="a",le="5"}': '0+5x30',
          'weir_discovery_converge_seconds_bucket{instance="a",le="10"}': '0+5x30',
          'weir_discovery_converge_seconds_bucket{instance="a",le="+Inf"}': '0+5x30',
        },
        at: '20m',
      },
    ],
  },
  {
    name: 'WeirDiscoverySnapshotFails',
    severity: 'ticket',
    expr: 'increase(weir_discovery_snapshot_failures_total[15m]) > 0',
    summary: 'The agent of {{ $labels.instance }} cannot write its snapshot',
    meaning: 'After a restart with the registries away it would have nothing to serve.',
    steps: ['On the host: see whether the disk of the state directory is full or not writable.'],
    fires: {
      series: { 'weir_discovery_snapshot_failures_total{instance="a"}': '0x5 1x10' },
      at: '10m',
      labels: [{ instance: 'a' }],
    },
    quiet: [{ series: { 'weir_discovery_snapshot_failures_total{instance="a"}': '0x20' }, at: '10m' }],
  },
];
