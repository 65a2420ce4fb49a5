/** VirtualService documents as a gateway reads them: routes of HTTP (with Triple and gRPC, which are HTTP/2), of Dubbo and of TCP. Pure. */
import * as z from 'zod/mini';
import { readYamlDocuments } from '../../../mesh/yaml/yaml-tree.ts';

const text = z.union([
  z.strictObject({ exact: z.string() }),
  z.strictObject({ prefix: z.string() }),
  z.strictObject({ regex: z.string() }),
]);
const duration = z.string().check(z.regex(/^\d+(?:\.\d+)?(?:ms|s|m|h)$/));
const headers = z.strictObject({
  set: z.optional(z.record(z.string(), z.string())),
  add: z.optional(z.record(z.string(), z.string())),
  remove: z.optional(z.array(z.string())),
});
const destination = z.strictObject({ host: z.string(), port: z.optional(z.strictObject({ number: z.number() })) });
const route = z.strictObject({ destination, weight: z.optional(z.number()) });
const http = z.strictObject({
  name: z.optional(z.string()),
  match: z.optional(
    z.array(
      z.strictObject({
        name: z.optional(z.string()),
        uri: z.optional(text),
        method: z.optional(text),
        authority: z.optional(text),
        headers: z.optional(z.record(z.string(), z.union([text, z.strictObject({})]))),
        queryParams: z.optional(z.record(z.string(), text)),
        ignoreUriCase: z.optional(z.boolean()),
      }),
    ),
  ),
  route: z.optional(z.array(route)),
  redirect: z.optional(
    z.strictObject({
      uri: z.optional(z.string()),
      authority: z.optional(z.string()),
      redirectCode: z.optional(z.number()),
    }),
  ),
  directResponse: z.optional(
    z.strictObject({ status: z.number(), body: z.optional(z.strictObject({ string: z.string() })) }),
  ),
  rewrite: z.optional(z.strictObject({ uri: z.optional(z.string()), authority: z.optional(z.string()) })),
  timeout: z.optional(duration),
  retries: z.optional(
    z.strictObject({ attempts: z.number(), perTryTimeout: z.optional(duration), retryOn: z.optional(z.string()) }),
  ),
  headers: z.optional(z.strictObject({ request: z.optional(headers), response: z.optional(headers) })),
});
const dubbo = z.strictObject({
  name: z.optional(z.string()),
  /** Interfaces; every one if left out. */
  services: z.optional(z.array(text)),
  routedetail: z.array(
    z.strictObject({
      name: z.optional(z.string()),
      match: z.optional(z.array(z.strictObject({ method: z.strictObject({ name_match: text }) }))),
      route: z.array(route).check(z.minLength(1)),
    }),
  ),
});
const virtualService = z.object({
  kind: z.literal('VirtualService'),
  metadata: z.object({ name: z.string() }),
  spec: z.strictObject({
    hosts: z.array(z.string()),
    gateways: z.optional(z.array(z.string())),
    exportTo: z.optional(z.array(z.string())),
    http: z.optional(z.array(http)),
    dubbo: z.optional(z.array(dubbo)),
    tcp: z.optional(
      z.array(
        z.strictObject({
          match: z.optional(z.array(z.strictObject({ port: z.number() }))),
          route: z.array(route),
        }),
      ),
    ),
  }),
});

/** One document. */
export type VirtualService = z.output<typeof virtualService>;
/** One route of HTTP. */
export type HttpRule = NonNullable<VirtualService['spec']['http']>[number];
/** Routes of Dubbo's own protocol, in the form of the Dubbo service mesh. */
export type DubboRule = NonNullable<VirtualService['spec']['dubbo']>[number];
/** Where calls go, with its weight. */
export type RouteTarget = z.output<typeof route>;

/** The documents of a file, or what a gateway cannot do: a clause for each. A part that is not known is never left out. */
export function readVirtualServices(source: string): {
  readonly services: readonly VirtualService[];
  readonly problems: readonly string[];
} {
  const services: VirtualService[] = [];
  const problems: string[] = [];
  for (const { value, faults, start } of readYamlDocuments(source)) {
    const [fault] = faults;
    if (fault !== undefined) problems.push(`line ${fault.span.line}: ${fault.what}`);
    if (fault !== undefined || value === null) continue;
    const { kind } = value as { kind?: unknown };
    if (kind !== 'VirtualService') {
      problems.push(`line ${start.line}: ${String(kind)} is not read; a gateway takes VirtualServices`);
      continue;
    }
    const parsed = virtualService.safeParse(JSON.parse(JSON.stringify(value)));
    if (parsed.success) {
      services.push(parsed.data);
      problems.push(...meaningless(parsed.data));
      continue;
    }
    const name = String((value as { metadata?: { name?: unknown } }).metadata?.name ?? '?');
    problems.push(...parsed.error.issues.slice(0, 5).map((issue) => `VirtualService/${name}: ${describe(issue)}`));
  }
  return { services, problems };
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return `${[path, issue.keys.join(', ')].filter(Boolean).join('.')} cannot be done by a gateway`;
  return `${path}: ${issue.message}`;
}

/** What is read and still says nothing. */
function meaningless({ metadata, spec }: VirtualService): string[] {
  const dead = (spec.dubbo ?? []).flatMap(({ routedetail }, index) =>
    routedetail.flatMap(({ route: targets }, at) =>
      targets.every(({ weight }) => weight === 0)
        ? [`VirtualService/${metadata.name}: dubbo.${index}.routedetail.${at}: all weights are 0`]
        : [],
    ),
  );
  const unclear = (spec.http ?? []).flatMap((rule, index) => {
    const ends = [rule.route, rule.redirect, rule.directResponse].filter((one) => one !== undefined).length;
    const where = `VirtualService/${metadata.name}: http.${index}`;
    if (ends !== 1)
      return [`${where} has ${ends === 0 ? 'none' : 'more than one'} of route, redirect and directResponse`];
    const weights = (rule.route ?? []).map(({ weight }) => weight ?? (rule.route?.length === 1 ? 100 : 0));
    return rule.route !== undefined && weights.every((weight) => weight === 0) ? [`${where}: all weights are 0`] : [];
  });
  return [...dead, ...unclear];
}

/** The cluster of a destination. */
export function clusterName(
  { destination: { host, port } }: RouteTarget,
  protocol: 'http1' | 'http2' = 'http1',
): string {
  return `${host}:${port?.number ?? 80}${protocol === 'http2' ? '|h2' : ''}`;
}
