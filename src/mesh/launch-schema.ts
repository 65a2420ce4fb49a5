/** The keys of a sidecar in mesh.yaml that say how Envoy is launched, checked and watched. */
import * as z from 'zod/mini';
import { BYTE_SIZE_PATTERN } from '../platform/byte-size.ts';
import { DURATION_PATTERN } from '../platform/duration.ts';
import {
  CAPABILITY_JSON_PATTERN,
  ENVIRONMENT_NAME_PATTERN,
  readCapability,
  readSha256,
  SHA256_PATTERN,
} from './launch-values.ts';
import { durationReader, readArgument, readByteSize, readHttpUrl } from './yaml/scalar-readers.ts';
import { noteField, scalarField } from './yaml/schema-field.ts';

/** A duration in JSON Schema. */
export const DURATION_JSON = { type: 'string', pattern: DURATION_PATTERN };

/** A program and its arguments. */
export const program = (description: string) =>
  noteField(
    z
      .array(
        scalarField(readArgument, {
          description: 'The program or one argument.',
          accepts: 'a text',
          json: { type: 'string' },
        }),
      )
      .check(z.minLength(1)),
    {
      description,
      accepts: 'a list such as ["/usr/local/bin/sdk-drain"]; the first item is an absolute path',
      json: { prefixItems: [{ type: 'string', pattern: '^/' }] },
    },
  );

/** For a sidecar that weir runs. */
export const launchFields = {
  args: z.optional(
    noteField(
      z.array(
        scalarField(readArgument, {
          description: 'One argument.',
          accepts: 'a text',
          json: { type: 'string' },
        }),
      ),
      {
        description: 'More arguments for Envoy, such as ["--service-node", "a"]. For a sidecar that weir runs.',
        accepts: 'a list of texts without the flags that weir sets itself',
      },
    ),
  ),
  env: z.optional(
    noteField(
      z.record(
        z.string(),
        scalarField(readArgument, { description: 'Its value.', accepts: 'a text', json: { type: 'string' } }),
      ),
      {
        description: 'Variables in the environment of Envoy. For a sidecar that weir runs.',
        accepts: 'a map of names and texts',
        json: { propertyNames: { pattern: ENVIRONMENT_NAME_PATTERN } },
      },
    ),
  ),
  capabilities: z.optional(
    noteField(
      z.array(
        scalarField(readCapability, {
          description: 'One capability.',
          accepts: 'a name such as net_bind_service',
          json: { type: 'string', pattern: CAPABILITY_JSON_PATTERN },
        }),
      ),
      {
        description: 'What Envoy may do beside its account, such as net_bind_service for ports below 1024.',
        accepts: 'a list of names of capabilities(7)',
      },
    ),
  ),
  sha256: z.optional(
    scalarField(readSha256, {
      description: 'The SHA-256 of binary: another file is refused.',
      accepts: '64 hexadecimal digits',
      json: { type: 'string', pattern: SHA256_PATTERN },
    }),
  ),
  check: z.optional(
    noteField(
      z.strictObject({
        http: z.optional(
          scalarField(readHttpUrl, {
            description: 'A URL that answers with a status below 400 when all is well.',
            accepts: 'a URL such as http://127.0.0.1:8080/health',
            json: { type: 'string', pattern: '^https?://' },
          }),
        ),
        exec: z.optional(program('A program that ends with 0 when all is well, run without a shell.')),
      }),
      {
        description: 'Asked of a new Envoy at an upgrade before anybody is told, and while it is watched.',
        accepts: 'a map with one of http and exec',
        json: { minProperties: 1, maxProperties: 1 },
      },
    ),
  ),
  bake: z.optional(
    scalarField(durationReader(1_000, 3_600_000), {
      description: 'How long a new Envoy is watched after an upgrade; what goes wrong brings the former one back.',
      accepts: '60s or 5m, from 1s to 1h',
      json: DURATION_JSON,
    }),
  ),
  bakeMemory: z.optional(
    scalarField(readByteSize, {
      description: 'The most memory of its own that a new Envoy may take while it is watched (bake).',
      accepts: '64KiB, 200MiB or 1GiB',
      json: { type: 'string', pattern: BYTE_SIZE_PATTERN },
    }),
  ),
  drainSpread: z.optional(
    scalarField(durationReader(100, 3_600_000), {
      description: 'The last part of a drain, over which the connections that are left are cut one by one.',
      accepts: '5s, from 100ms to 1h; all at once at its end where it is left out',
      json: DURATION_JSON,
    }),
  ),
};
