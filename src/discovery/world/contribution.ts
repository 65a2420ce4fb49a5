/** What one node of a registry adds to an endpoint; computed once a node, because nodes never change. */
import { isDisabled } from './disabled.ts';
import type { InstanceNode, Layout, ProviderNode, RevisionMetadata } from './registry-node.ts';
import { formatServiceKey } from './service-key.ts';
import { straightReason } from './straight.ts';

/** The part of an endpoint that one node tells. */
export interface Contribution {
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly layout: Layout;
  readonly labels: Readonly<Record<string, string>>;
  /** `timestamp` of an instance, which is no part of `labels`. */
  readonly timestamp?: string;
  /** By `formatServiceKey`; null while the revision's metadata is not known. All instances of a revision share one set. */
  readonly services: ReadonlySet<string> | null;
  /** Services that it offers and that nobody is to call. */
  readonly disabled: ReadonlySet<string>;
  readonly straight: string | null;
}

interface Offer {
  readonly services: ReadonlySet<string> | null;
  readonly disabled: ReadonlySet<string>;
  readonly params: Readonly<Record<string, string>>;
  readonly straight: string | null;
  /** Labels of instances together with `params`, by the instance's own, which instances share. */
  readonly labels: WeakMap<Readonly<Record<string, string>>, Readonly<Record<string, string>>>;
}

const NONE: ReadonlySet<string> = new Set();
const NOTHING_KNOWN: Offer = { services: null, disabled: NONE, params: {}, straight: null, labels: new WeakMap() };

const ofInstances = new WeakMap<
  InstanceNode,
  { readonly revision: RevisionMetadata | null; readonly parts: readonly Contribution[] }
>();
const ofProviders = new WeakMap<ProviderNode, Contribution>();
const disabledOffers = new WeakMap<Offer, Pick<Offer, 'services' | 'disabled'>>();
const ofRevisions = new WeakMap<RevisionMetadata, Map<string, Offer>>();

/** What an instance adds, a part for each of its ports. */
export function instanceContributions(node: InstanceNode, revision: RevisionMetadata | null): readonly Contribution[] {
  const known = ofInstances.get(node);
  if (known !== undefined && known.revision === revision) return known.parts;
  const parts = node.ports.map(({ port, protocol }): Contribution => {
    const offer = revision === null ? NOTHING_KNOWN : offerOf(revision, protocol);
    const labels = labelsOf(node, offer);
    const { services, disabled } = isDisabled(node.labels) ? disable(offer) : offer;
    return {
      ...{ address: node.address, port, protocol, layout: 'application', labels, services, disabled },
      straight: offer.straight,
      ...(node.timestamp === undefined ? {} : { timestamp: node.timestamp }),
    };
  });
  ofInstances.set(node, { revision, parts });
  return parts;
}

/** Most instances of a revision have the same labels: they share one object. */
function labelsOf({ labels }: InstanceNode, offer: Offer): Readonly<Record<string, string>> {
  const known = offer.labels.get(labels);
  if (known !== undefined) return known;
  const together = { ...labels, ...offer.params };
  offer.labels.set(labels, together);
  return together;
}

/** What a provider of the interface-level layout adds. */
export function providerContribution(node: ProviderNode): Contribution {
  const known = ofProviders.get(node);
  if (known !== undefined) return known;
  const { address, port, protocol, params, service } = node;
  const services = new Set([formatServiceKey(service)]);
  const part: Contribution = {
    ...{ address, port, protocol, layout: 'interface', labels: params },
    ...(isDisabled(params) ? { services: NONE, disabled: services } : { services, disabled: NONE }),
    straight: straightReason(protocol, params),
  };
  ofProviders.set(node, part);
  return part;
}

/** What an instance offers that is disabled as a whole: the same sets for all instances of a revision. */
function disable(offer: Offer): Pick<Offer, 'services' | 'disabled'> {
  if (offer.services === null) return offer;
  const known = disabledOffers.get(offer);
  if (known !== undefined) return known;
  const whole = { services: NONE, disabled: offer.services.union(offer.disabled) };
  disabledOffers.set(offer, whole);
  return whole;
}

/** What a revision offers over one protocol. Of services that set one parameter differently the first counts. */
function offerOf(revision: RevisionMetadata, protocol: string): Offer {
  const byProtocol = ofRevisions.get(revision) ?? new Map<string, Offer>();
  ofRevisions.set(revision, byProtocol);
  const known = byProtocol.get(protocol);
  if (known !== undefined) return known;
  const offered = revision.services.filter((service) => service.protocol === protocol);
  let params: Record<string, string> = {};
  let straight: string | null = null;
  for (const service of offered) {
    params = { ...service.params, ...params };
    straight ??= straightReason(protocol, service.params);
  }
  const [off, on] = [true, false].map((wanted) => {
    const chosen = offered.filter((service) => isDisabled(service.params) === wanted);
    return new Set(chosen.map(({ key }) => formatServiceKey(key)));
  }) as [Set<string>, Set<string>];
  const services = offered.length === 0 ? null : on;
  const offer: Offer = { services, disabled: off.size === 0 ? NONE : off, params, straight, labels: new WeakMap() };
  byProtocol.set(protocol, offer);
  return offer;
}
