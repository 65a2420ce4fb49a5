/** Networks that no application's connection is ever diverted to or from. */
import type { Cidr } from '../../mesh/mesh-config.ts';

const LOOPBACK: readonly Cidr[] = [
  { family: 4, text: '127.0.0.0/8' },
  { family: 6, text: '::1/128' },
];

/**
 * IPv6 link-local addresses (RFC 4291 2.5.6). The packet keeps its source, and the kernel sends none from fe80:: to ::1;
 * a listener would get an original destination without the link that it belongs to.
 */
const LINK_LOCAL: Cidr = { family: 6, text: 'fe80::/10' };

/** Destinations of outbound connections that are left alone: what stays on this host, or on one link. */
export const DIRECT_DESTINATIONS: readonly Cidr[] = [...LOOPBACK, LINK_LOCAL];

/** Sources of inbound connections that are left alone. Those from this host come by `lo`, which has a rule of its own. */
export const DIRECT_SOURCES: readonly Cidr[] = [LINK_LOCAL];
