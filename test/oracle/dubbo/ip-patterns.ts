/** Addresses of tag rules beside addresses of providers, with all that is odd about either. */
import type { RoutingProvider } from '../../../src/rules/case-file.ts';

const HOSTS = [
  ...['10.9.1.7', '10.9.1.0', '127.0.0.1', '127.1.2.3', '0.0.0.0', '0.0.0.1', '255.255.255.255', '224.0.0.1'],
  ...['169.254.1.1', '126.0.0.1', '128.0.0.1'],
];

/** A provider for each host and port; its id is its address. */
export const ODD_PROVIDERS: readonly RoutingProvider[] = HOSTS.flatMap((host) =>
  [20880, 0, 65535].map((port) => ({ id: `${host}:${port}`, host, port, params: {} })),
);

const PATTERNS = [
  ...['10.9.1.7', '10.9.1.0', '127.0.0.1', '127.1.2.3', '0.0.0.0', '255.255.255.255', '224.0.0.1', '169.254.1.1'],
  ...['*', '*.*.*.*', '10.9.1.*', '127.0.0.*', '127.*.*.*', '*.0.0.1', '0.0.0.*', '169.254.*.*', '169.*.1.1'],
  ...['10.9.1.7-9', '0-1.0.0.0', '0.0.0.0-1', '126-128.0.0.1', '0-255.0-255.0-255.0-255', '10.9-1.1.7'],
  ...['127.0.0.0/8', '0.0.0.0/0', '10.9.0.0/16', '10.9.1.7/32', '127.0.0.1/32', '10.9.0.0/33', '10.9.1.7/31'],
  ...[
    '169.254.0.0/16',
    '0.0.0.0/32',
    '126.0.0.0/7',
    '10.9.1',
    '10..1.7',
    '.9.1.7',
    '10.9.1.256',
    '00.0.0.1',
    '*.*.192.',
  ],
];
const PORTS = ['', ':20880', ':0', ':65535', ':65536', ':*', ':020880', ':-1', ':', ': 20880', ':20880 '];

/** Every pattern with every port, with and without a blank in front. */
export const ODD_ADDRESSES: readonly string[] = PATTERNS.flatMap((pattern) =>
  PORTS.flatMap((port) => [`${pattern}${port}`, ` ${pattern}${port}`]),
);
