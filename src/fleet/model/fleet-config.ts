/** fleet.yaml: the regions, and who this host is. */
import * as z from 'zod/mini';
import type { ConfigProblem } from '../../mesh/yaml/config-problem.ts';
import { explainIssue } from '../../mesh/yaml/explain-issue.ts';
import { quoteValue, type ReadValue, refuseValue } from '../../mesh/yaml/field-value.ts';
import { ProblemList } from '../../mesh/yaml/problem-list.ts';
import { choiceReader } from '../../mesh/yaml/scalar-readers.ts';
import { noteField, scalarField } from '../../mesh/yaml/schema-field.ts';
import { readYamlTree } from '../../mesh/yaml/yaml-tree.ts';
import {
  durationField,
  hostNameField,
  labelsField,
  lineField,
  listField,
  NAME_PATTERN,
  nameField,
  pathField,
} from './fields.ts';
import { FLEET_API_VERSION } from './object-schemas.ts';

const timeout = z.prefault(durationField('How long one request to the store may take.', 50, 60_000), '2s');

const etcd = noteField(
  z.strictObject({
    endpoints: listField(
      'The members of the store.',
      'a list of URLs',
      scalarField(readEndpoint, {
        description: 'One member.',
        accepts: 'http://HOST:PORT or https://HOST:PORT',
        json: { type: 'string', pattern: '^https?://' },
      }),
    ),
    timeout,
    user: z.optional(lineField('The user of the store.')),
    passwordFile: z.optional(pathField('A file whose first line is the password.')),
    tls: z.optional(
      noteField(
        z.strictObject({
          ca: z.optional(pathField('The certificate of who signed the certificate of the store.')),
          cert: z.optional(pathField('The certificate of this client.')),
          key: z.optional(pathField('Its key.')),
        }),
        { description: 'Certificates.', accepts: 'a map with ca, cert and key' },
      ),
    ),
  }),
  { description: 'A store of plain hosts.', accepts: 'a map with endpoints' },
);

const kubernetes = noteField(
  z.strictObject({
    kubeconfig: z.optional(pathField('The kubeconfig.')),
    context: z.optional(lineField('The context in it.')),
    namespace: z.prefault(nameField('Where objects of weir live.'), 'weir-system'),
    timeout,
  }),
  { description: 'A cluster.', accepts: 'a map with kubeconfig and context' },
);

const fleetSchema = z.strictObject({
  apiVersion: scalarField(choiceReader([FLEET_API_VERSION]), {
    description: 'The version of the file.',
    accepts: FLEET_API_VERSION,
    json: { type: 'string', const: FLEET_API_VERSION },
  }),
  regions: noteField(
    z.record(
      z.string(),
      noteField(z.strictObject({ etcd: z.optional(etcd), kubernetes: z.optional(kubernetes) }), {
        description: 'A region.',
        accepts: 'a map with exactly one of etcd and kubernetes',
      }),
    ),
    { description: 'The regions, by name.', accepts: 'a map of regions' },
  ),
  host: z.optional(
    noteField(
      z.strictObject({
        region: nameField('The region of this host.'),
        name: z.optional(hostNameField('The name of this host; the system knows it if left out.')),
        labels: z.prefault(labelsField('Labels of this host.'), {}),
        status: z.prefault(
          noteField(
            z.strictObject({
              ttl: z.prefault(durationField('How long the status outlives the host.', 2_000, 600_000), '15s'),
            }),
            { description: 'The status of this host.', accepts: 'a map with ttl' },
          ),
          {},
        ),
      }),
      { description: 'Only where `weir host run` runs.', accepts: 'a map with region' },
    ),
  ),
});

/** A checked fleet.yaml. Durations are in milliseconds. */
export interface FleetConfig {
  readonly file: string;
  /** At least one, in the order of the file. */
  readonly regions: readonly RegionConfig[];
  readonly host: HostConfig | null;
}

/** A region and its store. */
export type RegionConfig = { readonly name: string } & (
  | ({ readonly kind: 'etcd' } & z.output<typeof etcd>)
  | ({ readonly kind: 'kubernetes' } & z.output<typeof kubernetes>)
);

/** The host that the file is on. */
export interface HostConfig {
  readonly region: string;
  /** Null: the host name of the system. */
  readonly name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly ttl: number };
}

/** Reads the text of a fleet.yaml. Never throws. */
export function parseFleetConfig(
  source: string,
  file: string,
): { readonly config: FleetConfig } | { readonly errors: readonly ConfigProblem[] } {
  const tree = readYamlTree(source);
  const problems = new ProblemList(file, tree);
  if (tree.faults.length > 0) return { errors: problems.all };
  const { value } = tree;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.atValue([], {
      what: value === null ? 'the file is empty' : `the file holds ${quoteValue(value)}`,
      why: 'fleet.yaml is a map with apiVersion and regions',
      hint: '`weir help fleet-yaml` shows an example',
    });
    return { errors: problems.all };
  }
  const parsed = fleetSchema.safeParse(value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) explainIssue(issue, fleetSchema, value, problems);
    return { errors: problems.all };
  }
  const regions = Object.entries(parsed.data.regions).flatMap(([name, region]): RegionConfig[] => {
    if (!new RegExp(NAME_PATTERN).test(name)) {
      problems.atKey(['regions', name], {
        what: `${quoteValue(name)} is not a name of a region`,
        why: 'it is part of the keys in the store',
        hint: 'take letters, digits, dots, dashes and underscores',
      });
    }
    if (region.etcd !== undefined && region.kubernetes === undefined) return [{ name, kind: 'etcd', ...region.etcd }];
    if (region.kubernetes !== undefined && region.etcd === undefined)
      return [{ name, kind: 'kubernetes', ...region.kubernetes }];
    problems.atKey(['regions', name], {
      what: region.etcd === undefined ? 'the region has no store' : 'the region has two stores',
      why: 'a region has exactly one of etcd and kubernetes',
      hint: 'write one of the two',
    });
    return [];
  });
  if (regions.length === 0 && problems.all.length === 0) {
    problems.atKey(['regions'], { what: 'there is no region', why: 'a fleet has at least one', hint: 'add a region' });
  }
  const { host } = parsed.data;
  if (host !== undefined && !Object.hasOwn(parsed.data.regions, host.region)) {
    problems.atValue(['host', 'region'], {
      what: `there is no region ${host.region}`,
      why: `the regions are ${Object.keys(parsed.data.regions).join(', ')}`,
      hint: 'name one of them',
    });
  }
  if (problems.all.length > 0) return { errors: problems.all };
  return {
    config: { file, regions, host: host === undefined ? null : { ...host, name: host.name ?? null } },
  };
}

function readEndpoint(value: unknown): ReadValue<string> {
  const refuse = (why: string) =>
    refuseValue(`${quoteValue(value)} is not an endpoint`, why, 'write for example http://10.0.0.1:2379');
  if (typeof value !== 'string' || !URL.canParse(value)) return refuse('it is not of the form http://HOST:PORT');
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return refuse('it begins neither with http:// nor https://');
  if (url.username !== '' || url.password !== '') return refuse('user and passwordFile stand beside the endpoints');
  if (url.pathname !== '/' || url.search !== '') return refuse('it has a path');
  return { value: url.origin };
}
