/** The zod schema of mesh.yaml: every key with its notes and its reader. */
import * as z from 'zod/mini';
import { ACCOUNT_NAME_PATTERN, MAX_ACCOUNT_ID, readAccount } from './account.ts';
import { ADMIN_ADDRESS_PATTERN, readAdminAddress } from './admin-address.ts';
import { CGROUP_SLICE_PATTERN, readCgroupSlice } from './cgroup-slice.ts';
import { CIDR_PATTERN, readCidr } from './cidr.ts';
import { consumesSchema, discoverySchema, registrySchema } from './discovery-schema.ts';
import { DURATION_JSON, launchFields, program } from './launch-schema.ts';
import { MAX_PORT, PORT_PATTERN, PORT_RANGE_PATTERN, readPort, readPortRange } from './port-range.ts';
import { SELECTOR_KEYS, type SelectorKey } from './selector-kinds.ts';
import {
  choiceReader,
  durationReader,
  integerReader,
  MESH_API_VERSION,
  readAbsolutePath,
  readApiVersion,
  readHttpUrl,
  readName,
  readReadyPath,
  readTrue,
} from './yaml/scalar-readers.ts';
import { noteField, scalarField } from './yaml/schema-field.ts';

/** The name of an app or sidecar: it ends up in rule comments, set names, file names and shell arguments. */
export const MESH_NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';

const PORT_NUMBER = { type: 'integer', minimum: 1, maximum: MAX_PORT };

const account = (description: string) =>
  scalarField(readAccount, {
    description,
    accepts: `a name, or a number from 0 to ${MAX_ACCOUNT_ID} (no passwd or group file needs to know it)`,
    json: {
      anyOf: [
        { type: 'integer', minimum: 0, maximum: MAX_ACCOUNT_ID },
        { type: 'string', pattern: ACCOUNT_NAME_PATTERN },
      ],
    },
  });

const port = (description: string) =>
  scalarField(readPort, {
    description,
    accepts: `a port from 1 to ${MAX_PORT}`,
    json: { anyOf: [PORT_NUMBER, { type: 'string', pattern: PORT_PATTERN }] },
  });

const path = (description: string) =>
  scalarField(readAbsolutePath, { description, accepts: 'an absolute path', json: { type: 'string', pattern: '^/' } });

const portRange = scalarField(readPortRange, {
  description: 'A port, or a range with both ends included.',
  accepts: '20880, "20880" or 8000-9000',
  json: { anyOf: [PORT_NUMBER, { type: 'string', pattern: PORT_RANGE_PATTERN }] },
});

const cidr = scalarField(readCidr, {
  description: 'A network, or one address. Host bits are cleared; IPv4-mapped IPv6 (::ffff:10.0.0.0/104) becomes IPv4.',
  accepts: '10.0.0.0/8, fd00::/8 or 192.0.2.7',
  json: { type: 'string', pattern: CIDR_PATTERN },
});

const scope = z.strictObject({
  ports: z.optional(
    noteField(z.array(portRange).check(z.minLength(1)), {
      description: 'The ports connected to; left out: every port.',
      accepts: 'a list of at least one port or range',
    }),
  ),
  cidrs: z.optional(
    noteField(z.array(cidr).check(z.minLength(1)), {
      description:
        "The other side's networks (where an outbound connection goes, an inbound one comes from); left out: everywhere.",
      accepts: 'a list of at least one network or address',
    }),
  ),
  exclude: z.optional(
    noteField(
      z.strictObject({
        ports: z.optional(
          noteField(z.array(portRange), {
            description: 'Ports that are left alone.',
            accepts: 'a list of ports and ranges',
          }),
        ),
        cidrs: z.optional(
          noteField(z.array(cidr), {
            description: 'Networks that are left alone.',
            accepts: 'a list of networks and addresses',
          }),
        ),
      }),
      { description: 'What is taken out of ports and cidrs.', accepts: 'a map with ports and cidrs' },
    ),
  ),
});

const notifyTarget = (sdk: string) =>
  noteField(
    z.strictObject({
      http: z.optional(
        scalarField(readHttpUrl, {
          description: 'A URL that gets one POST.',
          accepts: 'a URL such as http://127.0.0.1:9000/sdk/drain',
          json: { type: 'string', pattern: '^https?://' },
        }),
      ),
      exec: z.optional(program('A program and its arguments, run without a shell.')),
      dubboQos: z.optional(port('The QoS port, on this host, of a Dubbo process that has weir-dubbo.jar.')),
    }),
    {
      description: `How to tell the SDK on the ${sdk} side to make no more calls on old connections.`,
      accepts: 'a map with one of http, exec and dubboQos',
      json: { minProperties: 1, maxProperties: 1 },
    },
  );

const sidecarShape = z.strictObject({
  user: z.optional(account('The user that the sidecar runs as: its own connections are never redirected.')),
  group: z.optional(account('The primary group that the sidecar runs as: its own connections are never redirected.')),
  outbound: z.optional(port('Where the sidecar accepts redirected outbound connections.')),
  inbound: z.optional(port('Where the sidecar accepts redirected inbound connections.')),
  mode: z.prefault(
    scalarField(choiceReader(['redirect', 'tproxy']), {
      description:
        'How connections are brought to its listeners: by NAT, or by marks, routing and listeners that are transparent, without connection tracking.',
      accepts: 'redirect or tproxy',
      json: { enum: ['redirect', 'tproxy'] },
    }),
    'redirect',
  ),
  admin: scalarField(readAdminAddress, {
    description: "Where Envoy's admin interface listens; the same as in its bootstrap.",
    accepts: 'unix:/run/weir/main/admin.sock or http://127.0.0.1:15000 (an address, not a name)',
    json: { type: 'string', pattern: ADMIN_ADDRESS_PATTERN },
  }),
  ready: z.prefault(
    scalarField(readReadyPath, {
      description: 'The path on admin that answers 200 when the sidecar can take traffic.',
      accepts: 'a path such as /ready',
      json: { type: 'string', pattern: '^/[!-~]*$' },
    }),
    '/ready',
  ),
  binary: z.optional(path('The Envoy that `weir sidecar run` starts; needs bootstrap too.')),
  bootstrap: z.optional(path('The bootstrap file that Envoy is started with; needs binary too.')),
  concurrency: z.prefault(
    scalarField(integerReader('a number of threads', 1, 1_024), {
      description: "Envoy's worker threads. For a sidecar that weir runs.",
      accepts: 'a whole number from 1 to 1024',
      json: { type: 'integer', minimum: 1, maximum: 1_024 },
    }),
    1,
  ),
  drain: z.prefault(
    scalarField(durationReader(0, 3_600_000), {
      description: 'How long old connections may go on at a hot upgrade or a stop. For a sidecar that weir runs.',
      accepts: '15s, 500ms or 2m, at most 1h',
      json: DURATION_JSON,
    }),
    '15s',
  ),
  ...launchFields,
  notify: z.optional(
    noteField(
      z.strictObject({
        consumer: z.optional(notifyTarget('consumer')),
        provider: z.optional(notifyTarget('provider')),
      }),
      {
        description: 'RPC SDKs to tell at a hot upgrade. For a sidecar that weir runs.',
        accepts: 'a map with consumer, provider or both',
        json: { minProperties: 1 },
      },
    ),
  ),
});

/** One entry under `sidecars`. What its rules across keys say to a user stands in check-entry.ts. */
export const sidecarSchema = noteField(sidecarShape, {
  description: 'A sidecar. At least one of user and group is needed.',
  accepts: 'a map with admin, user or group, and the ports of its listeners',
  json: {
    anyOf: [{ required: ['user'] }, { required: ['group'] }],
    dependentRequired: {
      binary: ['bootstrap'],
      bootstrap: ['binary'],
      concurrency: ['binary'],
      drain: ['binary'],
      notify: ['binary'],
      args: ['binary'],
      env: ['binary'],
      capabilities: ['binary'],
      sha256: ['binary'],
      check: ['binary'],
      bake: ['binary'],
      bakeMemory: ['bake'],
      drainSpread: ['binary'],
    },
  },
});

/** The value of `select`: exactly one of its keys (checked in check-entry.ts). */
const selectSchema = z.strictObject(
  onlySelectorKeys({
    user: z.optional(account('The user whose connections belong to the app.')),
    users: z.optional(
      noteField(z.array(account('One of the users.')).check(z.minLength(1)), {
        description: 'The users whose connections belong to the app.',
        accepts: 'a list of at least one name or number',
      }),
    ),
    group: z.optional(account("The primary group of the app's processes: a supplementary one does not count.")),
    slice: z.optional(
      scalarField(readCgroupSlice, {
        description:
          "The cgroup (v2) whose processes are the app, with all below it. systemd's shop-payment.slice lies at shop.slice/shop-payment.slice.",
        accepts: 'a path below /sys/fs/cgroup such as payment.slice',
        json: { type: 'string', pattern: CGROUP_SLICE_PATTERN, not: { pattern: '(^|/)\\.\\.?(/|$)' } },
      }),
    ),
    all: z.optional(
      scalarField(readTrue, {
        description: 'Every process of the host or network namespace.',
        accepts: 'true',
        json: { const: true },
      }),
    ),
  }),
);

/** The shape as it is, if it has a value for each key of a selector and no other. */
function onlySelectorKeys<Shape extends Record<SelectorKey, unknown>>(
  shape: Shape & Record<Exclude<keyof Shape, SelectorKey>, never>,
): Shape {
  return shape;
}

const direction = (description: string) =>
  noteField(z.union([z.literal(false), scope]), {
    description,
    accepts: 'a map with ports, cidrs and exclude ({} means every port), or false for none',
  });

const appShape = z.strictObject({
  select: noteField(selectSchema, {
    description: 'Whose connections belong to the app.',
    accepts: `a map with exactly one of ${listed(SELECTOR_KEYS)}`,
    json: { minProperties: 1, maxProperties: 1 },
  }),
  sidecar: scalarField(readName, {
    description: 'The sidecar that the connections go through.',
    accepts: 'a name under sidecars',
    json: { type: 'string', pattern: MESH_NAME_PATTERN },
  }),
  outbound: z.optional(direction('Which connections that the app makes go through the sidecar; left out: all.')),
  inbound: z.optional(direction('Which connections to the app go through the sidecar; left out: none.')),
  onFailure: z.prefault(
    scalarField(choiceReader(['direct', 'deny']), {
      description:
        'What happens to new connections while the sidecar is down: its supervisor sends them direct, or they are refused. Of a sidecar that weir does not run they fail until it is back.',
      accepts: 'direct or deny',
      json: { enum: ['direct', 'deny'] },
    }),
    'direct',
  ),
  lease: z.optional(
    scalarField(durationReader(500, 600_000), {
      description:
        'The kernel ends the interception this long after the supervisor last renewed it, counted in whole seconds; left out: no such limit.',
      accepts: '3s or 500ms, from 500ms to 10m',
      json: DURATION_JSON,
    }),
  ),
  consumes: z.optional(consumesSchema),
  rules: z.optional(path('A folder of routing documents that its sidecar executes.')),
});

/** One entry under `apps`. What its rules across keys say to a user stands in check-entry.ts. */
export const appSchema = noteField(appShape, {
  description: 'An application whose connections can be switched on and off by its name.',
  accepts: 'a map with select, sidecar and what goes through it',
  json: { not: { required: ['outbound'], properties: { outbound: { const: false }, inbound: { const: false } } } },
});

/** The whole of mesh.yaml. Names are checked in check-entry.ts, so that a bad one does not hide what is below it. */
export const meshSchema = noteField(
  z.strictObject({
    apiVersion: scalarField(readApiVersion, {
      description: 'Which meaning the rest of the file has.',
      accepts: MESH_API_VERSION,
      json: { const: MESH_API_VERSION },
    }),
    sidecars: noteField(z.record(z.string(), sidecarSchema), {
      description:
        'The sidecars of this host. A name has letters, digits, dots, underscores and hyphens, at most 63, and begins with a letter or digit.',
      accepts: 'a map with the names of sidecars as keys',
      json: { propertyNames: { pattern: MESH_NAME_PATTERN } },
    }),
    apps: z.optional(
      noteField(z.record(z.string(), appSchema), {
        description: 'The applications that weir can switch. Names are made as those of sidecars.',
        accepts: 'a map with the names of apps as keys',
        json: { propertyNames: { pattern: MESH_NAME_PATTERN } },
      }),
    ),
    registries: z.optional(
      noteField(z.record(z.string(), registrySchema), {
        description: 'The registries of service instances. Names are made as those of sidecars.',
        accepts: 'a map with the names of registries as keys',
        json: { propertyNames: { pattern: MESH_NAME_PATTERN } },
      }),
    ),
    discovery: z.optional(discoverySchema),
  }),
  { description: 'mesh.yaml of weir: sidecars and the applications that go through them.', accepts: 'a map' },
);

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
