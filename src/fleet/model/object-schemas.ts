/** The schemas of fleet objects, by kind: for files, for stores and for editors. */
import * as z from 'zod/mini';
import { quoteValue, type ReadValue, refuseValue } from '../../mesh/yaml/field-value.ts';
import { choiceReader, readHttpUrl } from '../../mesh/yaml/scalar-readers.ts';
import { noteField, scalarField } from '../../mesh/yaml/schema-field.ts';
import {
  choiceField,
  durationField,
  integerField,
  labelsField,
  lineField,
  listField,
  nameField,
  numberField,
  pathField,
  text,
  timeField,
} from './fields.ts';
import { selectorSchema } from './selector.ts';

/** The only version of fleet objects so far. */
export const FLEET_API_VERSION = 'weir.dev/v1';

/** The states that a policy can ask for. `denied`: off, and never to be switched on. */
export const POLICY_STATES = ['on', 'off', 'denied'] as const;

const metadata = z.strictObject({
  name: nameField('The name of the object, unique in its kind and region.'),
  resourceVersion: z.optional(
    text(
      'The version that `apply` replaces; another one is a conflict.',
      'a version such as "12"',
      readVersion,
      '^[0-9]+$',
    ),
  ),
  region: z.optional(nameField('The region, written by weir.')),
  labels: z.optional(labelsField('Labels of the object itself.')),
});

const apiVersion = scalarField(choiceReader([FLEET_API_VERSION]), {
  description: 'The version of the object.',
  accepts: FLEET_API_VERSION,
  json: { type: 'string', const: FLEET_API_VERSION },
});

const kindField = <const K extends string>(kind: K) =>
  scalarField(choiceReader([kind]), {
    description: 'The kind of the object.',
    accepts: kind,
    json: { type: 'string', const: kind },
  });

const rule = noteField(
  z.strictObject({
    state: choiceField('What the hosts should do.', POLICY_STATES),
    hosts: z.optional(selectorSchema),
    until: z.optional(timeField('The rule ends then.')),
    reason: z.optional(lineField('Why, for people.')),
  }),
  { description: 'One rule of a policy.', accepts: 'a map with state' },
);

const policySpec = z.strictObject({
  apps: listField(
    'Applications, or "*" for all.',
    'a list of applications',
    text('An application.', 'a name or "*"', readApp, '.'),
  ),
  priority: z.prefault(integerField('Higher priorities speak first.', -1_000_000, 1_000_000), 0),
  rules: noteField(z.array(rule), {
    description: 'The last rule that selects a host and has not expired speaks.',
    accepts: 'a list of rules',
  }),
});

const gate = noteField(
  z.strictObject({
    type: choiceField('What is asked at the end of a wave.', ['hosts', 'prometheus']),
    maxFailed: z.optional(
      scalarField(readMaxFailed, {
        description: 'Hosts of all waves so far that may fail.',
        accepts: 'a number of hosts, or a share such as 3%',
        json: {
          anyOf: [
            { type: 'integer', minimum: 0 },
            { type: 'string', pattern: '^[0-9]{1,3}%$' },
          ],
        },
      }),
    ),
    url: z.optional(
      scalarField(readHttpUrl, {
        description: 'Prometheus.',
        accepts: 'a URL such as http://prometheus:9090',
        json: { type: 'string', pattern: '^https?://' },
      }),
    ),
    query: z.optional(lineField('A PromQL expression with one value.')),
    min: z.optional(numberField('The value must not be less.', -Number.MAX_VALUE, Number.MAX_VALUE)),
    max: z.optional(numberField('The value must not be more.', -Number.MAX_VALUE, Number.MAX_VALUE)),
    for: z.optional(durationField('The value must hold so long.', 0, 86_400_000)),
  }),
  { description: 'A gate between waves.', accepts: 'a map with type' },
);

const version = noteField(
  z.strictObject({
    name: nameField('The version as status shows it.'),
    binary: z.optional(pathField('The Envoy on the hosts.')),
    sha256: z.optional(
      text('The hash of the binary, or of none other.', '64 hex digits', readSha256, '^[0-9a-fA-F]{64}$'),
    ),
    bootstrap: z.optional(pathField('Another bootstrap on the hosts.')),
    image: z.optional(lineField('The image of pods.')),
    emptyImage: z.optional(lineField('The empty image of a hot upgrade by OpenKruise.')),
    hostImage: z.optional(
      lineField('The image of the container beside the sidecar that follows the fleet; without it pods have none.'),
    ),
  }),
  { description: 'The version to move to.', accepts: 'a map with name, and binary or image' },
);

const releaseSpec = z.strictObject({
  sidecar: nameField('The sidecar of mesh.yaml.'),
  hosts: z.optional(selectorSchema),
  pods: z.optional(
    noteField(
      z.strictObject({
        selector: labelsField('Labels of the pods.'),
        namespaces: z.optional(listField('Namespaces.', 'a list of namespaces', nameField('A namespace.'))),
      }),
      { description: 'The pods of a region on Kubernetes.', accepts: 'a map with selector' },
    ),
  ),
  version,
  waves: listField('Each host belongs to the first wave that selects it.', 'a list of selectors', selectorSchema),
  gates: z.prefault(
    noteField(z.array(gate), {
      description: 'Asked at the end of each wave; all must hold.',
      accepts: 'a list of gates',
    }),
    [],
  ),
  budget: z.optional(
    noteField(
      z.strictObject({
        maxUnavailable: integerField('Hosts of a region that upgrade at the same time.', 1, 1_000_000),
      }),
      { description: 'How much may move at once.', accepts: 'a map with maxUnavailable' },
    ),
  ),
  timeout: z.prefault(durationField('How long a wave may take.', 1_000, 86_400_000), '10m'),
});

/** What Envoy compares with the host name of TLS: a wildcard is a whole first label. */
const SERVED_HOST_PATTERN = '^(\\*|(\\*\\.)?[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*)$';

function readServedHost(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && new RegExp(SERVED_HOST_PATTERN).test(value)) return { value };
  return refuseValue(
    `${quoteValue(value)} is not a host name`,
    'a host name is shop.example, *.example for all names below one, or "*"',
    'write one without port and without other wildcards',
  );
}

const gatewaySpec = z.strictObject({
  listeners: listField(
    'Ports that the gateway opens.',
    'a list of listeners',
    z.strictObject({
      name: nameField('The name of the listener.'),
      port: integerField('The port.', 1, 65_535),
      protocol: z.optional(
        choiceField('What runs over it: HTTP by itself, where no tcp route names the port.', ['http', 'dubbo']),
      ),
      hosts: z.optional(
        listField(
          'Host names.',
          'a list of host names',
          text(
            'A host name, "*.example" for all below one, or "*".',
            'a host name',
            readServedHost,
            SERVED_HOST_PATTERN,
          ),
        ),
      ),
      tls: z.optional(
        noteField(z.strictObject({ secret: nameField('The name of the secret.') }), {
          description: 'The certificate.',
          accepts: 'a map with secret',
        }),
      ),
    }),
  ),
  routes: listField('Files of VirtualService documents.', 'a list of files', lineField('A file.')),
  replicas: z.prefault(integerField('Instances of the gateway.', 0, 10_000), 1),
});

/** The schema of each kind. */
export const OBJECT_SCHEMAS = {
  MeshPolicy: z.strictObject({ apiVersion, kind: kindField('MeshPolicy'), metadata, spec: policySpec }),
  SidecarRelease: z.strictObject({ apiVersion, kind: kindField('SidecarRelease'), metadata, spec: releaseSpec }),
  Gateway: z.strictObject({ apiVersion, kind: kindField('Gateway'), metadata, spec: gatewaySpec }),
} as const;

/** The kinds of objects that people write. */
export type ObjectKind = keyof typeof OBJECT_SCHEMAS;
/** All kinds. */
export const OBJECT_KINDS = Object.keys(OBJECT_SCHEMAS) as readonly ObjectKind[];

/** Which applications are on, off or denied, on which hosts. */
export type MeshPolicy = z.output<typeof OBJECT_SCHEMAS.MeshPolicy>;
/** One rule of a policy. */
export type PolicyRule = MeshPolicy['spec']['rules'][number];
/** A version of a sidecar, and how it spreads. */
export type SidecarRelease = z.output<typeof OBJECT_SCHEMAS.SidecarRelease>;
/** One gate of a release. */
export type ReleaseGate = SidecarRelease['spec']['gates'][number];
/** An ingress gateway. */
export type Gateway = z.output<typeof OBJECT_SCHEMAS.Gateway>;
/** An object of any kind. */
export type FleetObject = MeshPolicy | SidecarRelease | Gateway;

function readApp(value: unknown): ReadValue<string> {
  if (value === '*' || (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value))) return { value };
  return refuseValue(
    `${quoteValue(value)} is not an application`,
    'it is the name of an application of mesh.yaml, or "*"',
    'write for example payment',
  );
}

function readVersion(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && /^[0-9]{1,20}$/.test(value)) return { value };
  const hint = typeof value === 'number' ? `put it into quotes: "${value}"` : 'copy it from `weir fleet apply --json`';
  return refuseValue(`${quoteValue(value)} is not a version`, 'a version is digits in quotes', hint);
}

function readSha256(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && /^[0-9a-fA-F]{64}$/.test(value)) return { value: value.toLowerCase() };
  return refuseValue(`${quoteValue(value)} is not a SHA-256`, 'it has 64 hex digits', '`sha256sum FILE` prints it');
}

function readMaxFailed(value: unknown): ReadValue<number | string> {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return { value };
  const isShare = typeof value === 'string' && /^[0-9]{1,3}%$/.test(value) && Number.parseInt(value, 10) <= 100;
  if (isShare) return { value };
  return refuseValue(
    `${quoteValue(value)} is not accepted`,
    'it is a number of hosts or a share of them',
    'write 0 or 3%',
  );
}
