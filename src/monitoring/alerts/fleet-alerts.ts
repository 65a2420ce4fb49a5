/** Alerts about host daemons, operators and regions. */
import type { Alert } from '../alert.ts';

const A = { instance: 'a' };
const EAST = { region: 'east' };

/** In the order of the guide. */
export const FLEET_ALERTS: readonly Alert[] = [
  {
    name: 'WeirHostStoreAway',
    severity: 'ticket',
    // A store that never answered has no last answer.
    expr: 'time() - (weir_host_store_last_answer_timestamp_seconds or on (instance) weir_host_start_time_seconds) > 120',
    for: '1m',
    summary: 'The daemon of {{ $labels.instance }} has not heard its store for minutes',
    meaning: 'The host goes on as it is; what is written into the store does not reach it, the red button neither.',
    steps: [
      'See whether the store lives: `weir fleet status`.',
      'Until it is back, on each host: `weir off payment` or `sh /run/weir/off.sh`.',
    ],
    fires: {
      series: {
        'weir_host_store_last_answer_timestamp_seconds{instance="a"}': '0x10',
        'weir_host_start_time_seconds{instance="b"}': '0x10',
      },
      at: '6m',
      labels: [A, { instance: 'b' }],
    },
    quiet: [
      {
        series: {
          'weir_host_store_last_answer_timestamp_seconds{instance="a"}': '0+60x10',
          'weir_host_start_time_seconds{instance="a"}': '0x10',
        },
        at: '6m',
      },
    ],
  },
  {
    name: 'WeirHostHeld',
    severity: 'page',
    expr: 'weir_host_store_held == 1',
    for: '1m',
    summary: 'The host {{ $labels.instance }} does not believe its store',
    meaning:
      'The store is another one, older, or much emptier than before: a restored backup, or a new cluster. The host goes on by what it remembers and follows only an `off` that is newer.',
    steps: [
      '`weir fleet status` says why it is held.',
      'If the store is right: `weir fleet confirm --region REGION`. If it is not: restore it first.',
    ],
    fires: { series: { 'weir_host_store_held{instance="a"}': '1x10' }, at: '3m', labels: [A] },
    quiet: [{ series: { 'weir_host_store_held{instance="a"}': '0x10' }, at: '3m' }],
  },
  {
    name: 'WeirHostBlind',
    severity: 'ticket',
    expr: 'time() - (weir_host_last_look_timestamp_seconds or on (instance) weir_host_start_time_seconds) > 120',
    for: '1m',
    summary: 'The daemon of {{ $labels.instance }} cannot look at its host',
    meaning:
      'What is switched there is not known. A switch of the fleet is tried by what was seen last, and nobody sees whether it holds.',
    steps: ['On the host: `weir status` and `weir check` say what fails.', '`weir fleet explain HOST` has the error.'],
    fires: {
      series: {
        'weir_host_last_look_timestamp_seconds{instance="a"}': '0x10',
        'weir_host_start_time_seconds{instance="b"}': '0x10',
      },
      at: '6m',
      labels: [A, { instance: 'b' }],
    },
    quiet: [
      {
        series: {
          'weir_host_last_look_timestamp_seconds{instance="a"}': '0+60x10',
          'weir_host_start_time_seconds{instance="a"}': '0x10',
        },
        at: '6m',
      },
    ],
  },
  {
    name: 'WeirHostNotAsDesired',
    severity: 'ticket',
    expr: 'weir_host_app_as_desired == 0 unless on (instance, app) weir_host_app_override == 1',
    for: '5m',
    summary: '{{ $labels.app }} on {{ $labels.instance }} is not as the fleet wants it',
    meaning: 'The daemon tries again every ten seconds; each time the host refuses or fails.',
    steps: ['`weir fleet explain HOST` has the reason and the next step.'],
    fires: {
      series: {
        'weir_host_app_as_desired{instance="a",app="shop"}': '0x20',
        'weir_host_app_override{instance="a",app="shop"}': '0x20',
      },
      at: '8m',
      labels: [{ ...A, app: 'shop' }],
    },
    quiet: [
      {
        series: {
          'weir_host_app_as_desired{instance="a",app="shop"}': '0x20',
          'weir_host_app_override{instance="a",app="shop"}': '1x20',
        },
        at: '8m',
      },
      { series: { 'weir_host_app_as_desired{instance="a",app="shop"}': '1x20' }, at: '8m' },
    ],
  },
  {
    name: 'WeirHostOverrideForgotten',
    severity: 'ticket',
    expr: 'time() - weir_host_app_override_since_timestamp_seconds > 86400',
    summary: '{{ $labels.app }} on {{ $labels.instance }} has been off by hand for a day',
    meaning: 'Somebody said `weir off` or off.sh on that host. The fleet does not switch it on again by itself.',
    steps: ['On the host, when the trouble is over: `weir host follow payment`.'],
    fires: {
      series: { 'weir_host_app_override_since_timestamp_seconds{instance="a",app="shop"}': '-90000x10' },
      at: '3m',
      labels: [{ ...A, app: 'shop' }],
    },
    quiet: [
      { series: { 'weir_host_app_override_since_timestamp_seconds{instance="a",app="shop"}': '-80000x10' }, at: '3m' },
    ],
  },
  {
    name: 'WeirHostReleaseFailed',
    severity: 'ticket',
    expr: 'weir_host_release_failed == 1',
    for: '1m',
    summary: 'The release of the sidecar {{ $labels.sidecar }} failed on {{ $labels.instance }}',
    meaning: 'The host serves with its former version. The gate of the release decides whether the rollout stops.',
    steps: [
      '`weir fleet explain HOST` has the error, `weir fleet rollout status` the wave.',
      'To take the release back everywhere: `weir fleet rollout undo RELEASE`.',
    ],
    fires: {
      series: { 'weir_host_release_failed{instance="a",sidecar="main"}': '1x10' },
      at: '3m',
      labels: [{ ...A, sidecar: 'main' }],
    },
    quiet: [{ series: { 'weir_host_release_failed{instance="a",sidecar="main"}': '0x10' }, at: '3m' }],
  },
  {
    name: 'WeirHostObjectErrors',
    severity: 'ticket',
    expr: 'weir_host_object_errors > 0',
    for: '5m',
    summary: 'The host {{ $labels.instance }} cannot read objects of its store',
    meaning: 'They are torn, or of a newer weir. The host goes by the others.',
    steps: ['`weir fleet status` names them; write them anew, or bring a newer weir to the host.'],
    fires: { series: { 'weir_host_object_errors{instance="a"}': '1x10' }, at: '8m', labels: [A] },
    quiet: [{ series: { 'weir_host_object_errors{instance="a"}': '0x10' }, at: '8m' }],
  },
  {
    name: 'WeirRegionWithoutLeader',
    severity: 'ticket',
    expr: 'max by (region) (weir_operator_leading) == 0',
    for: '1m',
    summary: 'No operator leads the region {{ $labels.region }}',
    meaning: 'No wave of a release moves. Policies and the red button do not need a leader.',
    steps: ['See why no operator reaches the store, or start one: `weir operator run --region REGION`.'],
    fires: {
      series: { 'weir_operator_leading{region="east",instance="a"}': '0x10' },
      at: '4m',
      labels: [EAST],
    },
    quiet: [
      {
        series: {
          'weir_operator_leading{region="east",instance="a"}': '0x10',
          'weir_operator_leading{region="east",instance="b"}': '1x10',
        },
        at: '4m',
      },
    ],
  },
  {
    name: 'WeirRolloutStopped',
    severity: 'page',
    expr: 'max by (region, release) (weir_rollout_state{state="stopped"}) == 1',
    summary: 'The release {{ $labels.release }} was stopped in {{ $labels.region }}',
    meaning: 'A gate broke or a wave took too long. Hosts that moved run the new version, the others the former one.',
    steps: [
      '`weir fleet rollout status RELEASE` has the gate, the value or the hosts with their errors.',
      'Take it back: `weir fleet rollout undo RELEASE`. Or ask the gates again: `weir fleet rollout resume RELEASE`.',
    ],
    fires: {
      series: { 'weir_rollout_state{region="east",release="r1",state="stopped"}': '0x2 1x10' },
      at: '4m',
      labels: [{ ...EAST, release: 'r1' }],
    },
    quiet: [{ series: { 'weir_rollout_state{region="east",release="r1",state="running"}': '1x10' }, at: '4m' }],
  },
  {
    name: 'WeirHostsSilent',
    severity: 'page',
    expr: 'weir:fleet_hosts_silent:ratio > 0.05',
    for: '2m',
    summary: 'More than 5 % of the hosts of {{ $labels.region }} do not speak',
    meaning: 'Their leases have ended: they are gone, cut off from the store, or their daemons do not run.',
    steps: [
      '`weir fleet status --region REGION` lists them.',
      'One that is gone for good: `weir fleet forget HOST`.',
      'Until they speak, a switch reaches them only by `weir off` on the host.',
    ],
    fires: {
      series: {
        'weir_fleet_hosts{region="east",state="ok"}': '9x10',
        'weir_fleet_hosts{region="east",state="silent"}': '1x10',
      },
      at: '5m',
      labels: [EAST],
    },
    quiet: [
      {
        series: {
          'weir_fleet_hosts{region="east",state="ok"}': '99x10',
          'weir_fleet_hosts{region="east",state="silent"}': '1x10',
        },
        at: '5m',
      },
    ],
  },
  {
    name: 'WeirRedButtonPressed',
    severity: 'ticket',
    expr: 'min_over_time(weir_fleet_red_button[1h]) == 1 and weir_fleet_red_button offset 1h == 1',
    summary: 'The red button of {{ $labels.region }} has been pressed for an hour',
    meaning: 'Every application of the region goes direct, whatever other policies want.',
    steps: ['`weir fleet history` has who, when and why. Release it with `weir fleet on --all`.'],
    fires: {
      series: { 'weir_fleet_red_button{region="east"}': '1x120' },
      at: '70m',
      labels: [EAST],
    },
    quiet: [{ series: { 'weir_fleet_red_button{region="east"}': '0x30 1x120' }, at: '70m' }],
  },
  {
    name: 'WeirOperatorStoreAway',
    severity: 'ticket',
    expr: 'time() - (weir_operator_store_last_answer_timestamp_seconds or on (instance, region) weir_operator_start_time_seconds) > 60',
    for: '1m',
    summary: 'The operator {{ $labels.instance }} does not reach the store of {{ $labels.region }}',
    meaning: 'It cannot lead. Waves stand still if no other operator does; nothing is switched by it.',
    steps: ['See whether the store lives, and whether the machine of the operator reaches it: `weir fleet status`.'],
    fires: {
      series: {
        'weir_operator_store_last_answer_timestamp_seconds{instance="a",region="east"}': '0x10',
        'weir_operator_start_time_seconds{instance="b",region="east"}': '0x10',
      },
      at: '5m',
      labels: [
        { ...A, ...EAST },
        { instance: 'b', ...EAST },
      ],
    },
    quiet: [
      {
        series: {
          'weir_operator_store_last_answer_timestamp_seconds{instance="a",region="east"}': '0+60x10',
          'weir_operator_start_time_seconds{instance="a",region="east"}': '0x10',
        },
        at: '5m',
      },
    ],
  },
];
