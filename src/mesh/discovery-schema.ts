/** The zod schemas of mesh.yaml's registries and discovery. */
import * as z from 'zod/mini';
import { DURATION_PATTERN } from '../platform/duration.ts';
import {
  NODE_PATH_PATTERN,
  PERCENT_PATTERN,
  ROOT_PATH_PATTERN,
  readNodePath,
  readPercent,
  readRootPath,
  readServer,
  readSocketPath,
  readWord,
  SERVER_PATTERN,
} from './discovery-readers.ts';
import { choiceReader, durationReader, integerReader, readAbsolutePath } from './yaml/scalar-readers.ts';
import { noteField, scalarField } from './yaml/schema-field.ts';

const WORD_JSON = { type: 'string', pattern: '^[^\\s,]+$' };

const word = (description: string, accepts: string) => scalarField(readWord, { description, accepts, json: WORD_JSON });

const words = (description: string, one: string) =>
  noteField(z.array(word(one, 'a name')).check(z.minLength(1)), {
    description,
    accepts: 'a list of at least one name',
  });

const servers = (description: string) =>
  noteField(
    z
      .array(
        scalarField(readServer, {
          description: 'One server.',
          accepts: 'HOST:PORT',
          json: { type: 'string', pattern: SERVER_PATTERN },
        }),
      )
      .check(z.minLength(1)),
    { description, accepts: 'a list of at least one HOST:PORT' },
  );

const nodePath = (description: string, standard: string, [read, pattern] = [readNodePath, NODE_PATH_PATTERN]) =>
  z.prefault(
    scalarField(read, { description, accepts: 'the path of a node', json: { type: 'string', pattern } }),
    standard,
  );

const percent = (description: string, standard: string) =>
  z.prefault(
    scalarField(readPercent, {
      description,
      accepts: '1% to 100%',
      json: { type: 'string', pattern: PERCENT_PATTERN },
    }),
    standard,
  );

const auth = z.optional(
  noteField(
    z.strictObject({
      file: scalarField(readAbsolutePath, {
        description: 'A file whose first line is user:password.',
        accepts: 'an absolute path',
        json: { type: 'string', pattern: '^/' },
      }),
    }),
    { description: 'How weir proves who it is.', accepts: 'a map with file' },
  ),
);

/** One entry under `registries`. */
export const registrySchema = noteField(
  z.strictObject({
    zookeeper: z.optional(servers('The servers of a ZooKeeper ensemble.')),
    nacos: z.optional(servers('The servers of a Nacos cluster.')),
    root: nodePath('Where Dubbo keeps interfaces, mappings and metadata in ZooKeeper.', '/dubbo', [
      readRootPath,
      ROOT_PATH_PATTERN,
    ]),
    services: nodePath('Where instances of applications are registered in ZooKeeper.', '/services', [
      readRootPath,
      ROOT_PATH_PATTERN,
    ]),
    namespace: z.prefault(word('The namespace in Nacos.', 'a name'), 'public'),
    auth,
  }),
  {
    description: 'A registry of service instances.',
    accepts: 'a map with exactly one of zookeeper and nacos',
    json: { oneOf: [{ required: ['zookeeper'] }, { required: ['nacos'] }] },
  },
);

/** The section `discovery`. */
export const discoverySchema = noteField(
  z.strictObject({
    registries: words('The registries to ask, the own unit first.', 'One of the registries.'),
    socket: z.prefault(
      scalarField(readSocketPath, {
        description: 'Where Envoy asks the agent.',
        accepts: 'unix:/PATH',
        json: { type: 'string', pattern: '^unix:/.+$' },
      }),
      'unix:/run/weir/discovery.sock',
    ),
    unit: z.optional(
      noteField(
        z.strictObject({
          label: word('The label that holds the unit of an instance.', 'a name'),
          own: word('The unit of this host.', 'a name'),
          mode: z.prefault(
            scalarField(choiceReader(['closed', 'prefer']), {
              description: 'Whether other units are shut out, or take calls when too few of the own unit are healthy.',
              accepts: 'closed or prefer',
              json: { enum: ['closed', 'prefer'] },
            }),
            'closed',
          ),
          center: z.optional(words('Applications that may be called across units.', 'One application.')),
          spill: percent("With prefer: the share of the own unit's instances below which calls go to others.", '50%'),
        }),
        { description: 'Keeps calls within a unit.', accepts: 'a map with label and own' },
      ),
    ),
    guard: z.prefault(
      noteField(
        z.strictObject({
          shrink: percent('Held when more than this share of the instances went.', '50%'),
          hold: z.prefault(
            scalarField(durationReader(1_000, 3_600_000), {
              description: 'How long a shrunken list is held before a second look decides.',
              accepts: '30s, from 1s to 1h',
              json: { type: 'string', pattern: DURATION_PATTERN },
            }),
            '30s',
          ),
        }),
        { description: 'Protects against lists that shrink suddenly.', accepts: 'a map with shrink and hold' },
      ),
      {},
    ),
    health: z.prefault(
      noteField(
        z.strictObject({
          most: z.optional(
            scalarField(integerReader('a number of members', 0, 10_000), {
              description:
                'Envoy checks clusters of at most so many members. Without it: 20 with unit mode prefer, else 0, which checks none.',
              accepts: 'a number from 0 to 10000',
              json: { type: 'integer', minimum: 0, maximum: 10_000 },
            }),
          ),
          interval: z.prefault(
            scalarField(durationReader(1_000, 3_600_000), {
              description: 'How often each Envoy connects to each member.',
              accepts: '1s, from 1s to 1h',
              json: { type: 'string', pattern: DURATION_PATTERN },
            }),
            '1s',
          ),
        }),
        { description: 'How Envoy notices registered members that are gone.', accepts: 'a map with most and interval' },
      ),
      {},
    ),
  }),
  { description: 'The discovery agent of this host.', accepts: 'a map with registries' },
);

/** The key `consumes` of an app. */
export const consumesSchema = noteField(
  z.union([
    z.literal('auto'),
    z.strictObject({
      apps: z.optional(words('Applications that it calls.', 'One application.')),
      interfaces: z.optional(words('Interfaces that it calls.', 'One interface.')),
    }),
  ]),
  {
    description: 'What the application calls.',
    accepts: 'auto, or a map with apps, interfaces or both',
    json: { minProperties: 1 },
  },
);
