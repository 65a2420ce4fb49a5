/** Reads the metadata of a revision: the services that all its instances offer. */
import { isPlainObject, parseJson, textsOf } from './read-json.ts';
import { NODE_LIMITS, type ReadNode, type RevisionMetadata, type RevisionService } from './registry-node.ts';

/**
 * Reads the JSON of `/dubbo/metadata/APP/REVISION`, or of MetadataService.getMetadataInfo. A service that cannot be read
 * is left out: it costs itself only.
 */
export function readRevisionMetadata(
  place: string,
  app: string,
  revision: string,
  value: string,
): ReadNode<RevisionMetadata> {
  const json = parseJson(value, NODE_LIMITS.metadata);
  if ('code' in json) return { fault: { code: json.code, place, what: `${place} ${json.what}` } };
  const services = isPlainObject(json.value.services) ? json.value.services : {};
  return { node: { app, revision, services: Object.values(services).flatMap(readService) } };
}

function readService(service: unknown): RevisionService[] {
  if (!isPlainObject(service) || typeof service.name !== 'string') return [];
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const version = text(service.version);
  return [
    {
      key: { interface: service.name, group: text(service.group), version: version === '0.0.0' ? '' : version },
      protocol: (text(service.protocol) || 'dubbo').toLowerCase(),
      params: textsOf(service.params),
    },
  ];
}
