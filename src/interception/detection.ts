/** The types of detected back ends and foreign firewalls. */
import type { Backend } from './backend.ts';

/** Whether a back end can be used on this host, and if not, why not. */
export interface BackendChoice {
  readonly backend: Backend;
  readonly usable: boolean;
  /** Not usable now, because its tool gave no answer: what it can do is not known. */
  readonly isUnknown?: true;
  /** One line: the version found, or what is missing and which Debian package holds it. */
  readonly detail: string;
}

/** Rules of another program that matter to weir. */
export interface ForeignFirewall {
  /** istio, linkerd, kuma, consul, osm, docker, firewalld, ufw ... */
  readonly name: string;
  /** A mesh redirects the same traffic, so weir refuses beside it; a firewall is only worth knowing of. */
  readonly kind: 'mesh' | 'firewall';
  /** The chain or table that gave it away. */
  readonly evidence: string;
  readonly backend: Backend;
}
