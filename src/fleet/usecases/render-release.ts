/** `weir fleet render`: what weir writes into a cluster for the objects of files, and the files of a gateway. */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import type { ConfigProblem } from '../../mesh/yaml/config-problem.ts';
import { type GatewayPlace, gatewayFiles } from '../model/gateway/gateway-bootstrap.ts';
import { checkCoverage } from '../model/gateway/gateway-coverage.ts';
import { GATEWAY_POD, gatewayConfigMap, gatewayDocuments, gatewayName } from '../model/gateway/gateway-documents.ts';
import { type RouteDocument, readVirtualServices } from '../model/gateway/virtual-service.ts';
import { reachOfWave, renderSidecarSet, whyNotForPods } from '../model/kruise/sidecar-set.ts';
import { manifestText } from '../model/manifest-text.ts';
import type { PlacedObject } from '../model/parse-objects.ts';
import { fleetMistakes } from './fleet.ts';
import { placed, type ReadObjectsText } from './read-files.ts';

/** A label of DNS (RFC 1123). */
const LONGEST_SERVICE_NAME = 63;

/** The result. */
export interface Rendered {
  readonly documents: readonly unknown[];
  readonly text: string;
}

/** What is asked; `former` as in `renderSidecarSet`. */
export interface RenderRequest {
  readonly wave: number;
  readonly former: string | null;
  readonly namespace: string;
  readonly image: string;
}

/** Renders each release for pods at a wave, and each gateway. Throws WEIR1601 for what cannot be rendered, WEIR1602. */
export async function renderObjects(
  objects: readonly PlacedObject[],
  { wave, former, namespace, image }: RenderRequest,
  readText: ReadObjectsText,
): Promise<Rendered> {
  const documents: unknown[] = [];
  for (const one of objects) {
    const { object } = one;
    if (object.kind === 'Gateway') {
      const files = await renderGateway(one, GATEWAY_POD, readText);
      const name = gatewayName(object.metadata.name);
      if (name.length > LONGEST_SERVICE_NAME) {
        throw placed(
          one,
          `Gateway/${object.metadata.name} cannot be in a cluster`,
          `its Service would be ${name}, and names of Services have at most ${LONGEST_SERVICE_NAME} characters`,
          `take a name of at most ${LONGEST_SERVICE_NAME - gatewayName('').length} characters`,
        );
      }
      documents.push(gatewayConfigMap(object, namespace, files), ...gatewayDocuments(object, { namespace, image }));
      continue;
    }
    if (object.kind !== 'SidecarRelease') {
      throw placed(
        one,
        `${object.kind}/${object.metadata.name} is not rendered`,
        'hosts and pods read it as it is',
        'give releases and gateways only',
      );
    }
    const why = whyNotForPods(object);
    if (why !== null) {
      throw placed(one, `SidecarRelease/${object.metadata.name} cannot be rendered`, why, 'see `weir fleet lint`');
    }
    if (wave > object.spec.waves.length) {
      throw new WeirError('WEIR1606', {
        what: `SidecarRelease/${object.metadata.name} has no wave ${wave}`,
        why: `it has ${object.spec.waves.length} waves`,
        hint: 'give a number from 0 (nothing moves) to that',
      });
    }
    const reach = reachOfWave(object, wave);
    if (reach !== null) documents.push(renderSidecarSet(object, reach, former));
  }
  return { documents, text: manifestText(documents) };
}

/** The files of a gateway, by name. Throws WEIR1601 with all mistakes in its routes, WEIR1602. */
export async function renderGateway(
  one: PlacedObject,
  place: GatewayPlace,
  readText: ReadObjectsText,
): Promise<Readonly<Record<string, string>>> {
  const { object, file } = one;
  if (object.kind !== 'Gateway') throw new TypeError(`${object.kind} is no gateway`);
  const documents: RouteDocument[] = [];
  const errors: ConfigProblem[] = [];
  for (const path of object.spec.routes) {
    const from = isAbsolute(path) ? path : join(dirname(file), path);
    const reading = readVirtualServices(await readText(resolve(from)), from);
    documents.push(...reading.documents);
    errors.push(...reading.errors);
  }
  const found = () => [...errors, ...documents.flatMap(({ problems }) => problems.all)];
  if (found().length > 0) throw fleetMistakes(found());
  const services = documents.map(({ service }) => service);
  const listens = object.spec.listeners.some(({ protocol }) => protocol === 'dubbo');
  const speaks = services.some(({ spec }) => (spec.dubbo ?? []).length > 0);
  if (listens !== speaks) {
    throw placed(
      one,
      `Gateway/${object.metadata.name} ${listens ? 'has a Dubbo listener, and no document has dubbo routes' : 'has documents with dubbo routes, and no listener for them'}`,
      'calls of Dubbo are routed by spec.dubbo at listeners of protocol: dubbo',
      listens ? 'add spec.dubbo to a VirtualService, or route the port by spec.tcp' : 'give a listener protocol: dubbo',
    );
  }
  checkCoverage(object, documents);
  if (found().length > 0) throw fleetMistakes(found());
  return gatewayFiles(object, services, place);
}

/** The files of certificates and keys that Envoy reads at this place. */
export function certificateFiles({ object }: PlacedObject, { secrets }: GatewayPlace): readonly string[] {
  const listeners = object.kind === 'Gateway' ? object.spec.listeners : [];
  const names = new Set(listeners.flatMap(({ tls }) => (tls === undefined ? [] : [tls.secret])));
  return [...names].flatMap((name) => [`${secrets}/${name}/tls.crt`, `${secrets}/${name}/tls.key`]);
}
