/**
 * Documents for proxies: one with routes and the DestinationRules of its host. They are read strictly, for a field that
 * weir does not know may change where calls go.
 */
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';

/** A test on one text. Empty: it must be there. */
export const textTest = z.strictObject({
  exact: z.string().exactOptional(),
  prefix: z.string().exactOptional(),
  regex: z.string().exactOptional(),
});

/** Where a route goes, by weight. */
export const destinations = z.array(
  z.strictObject({
    destination: z.strictObject({ host: z.string(), subset: z.string().exactOptional() }),
    weight: z.int().min(0).exactOptional(),
  }),
);

const metadata = z.looseObject({ name: z.string() });

/** The schema of a document with this kind and `spec`. */
export function proxyDocument<S extends z.core.$ZodLooseShape>(kind: string, spec: S) {
  return z.strictObject({ apiVersion: z.string(), kind: z.literal(kind), metadata, spec: z.strictObject(spec) });
}

const subset = z.strictObject({
  name: z.string(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  // How connections are balanced and checked, not which endpoints belong to the subset.
  trafficPolicy: z.unknown().exactOptional(),
});
/** A subset of a host's endpoints: those with all labels. */
export type ProxySubset = z.infer<typeof subset>;

const destinationRule = proxyDocument('DestinationRule', {
  host: z.string(),
  subsets: z.array(subset).exactOptional(),
  trafficPolicy: z.unknown().exactOptional(),
});

/** The routes for one host, and its subsets. */
export interface ProxyDocuments<T> {
  readonly rules: T;
  readonly host: string;
  readonly subsets: readonly ProxySubset[];
}

/** Reads the documents. Throws Error where the proxy would not take them, or weir cannot tell what it does with them. */
export function readProxyDocuments<T extends { readonly spec: { readonly hosts: readonly string[] } }>(
  text: string,
  schema: z.ZodType<T>,
): ProxyDocuments<T> {
  const values = parseAllDocuments(text, { version: '1.1' }).flatMap((document): unknown[] => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(error.message);
    const value: unknown = document.toJS();
    return value === null ? [] : [value];
  });
  const [others, rulesOfHost] = [[] as unknown[], [] as z.infer<typeof destinationRule>[]];
  for (const value of values) {
    if (kindOf(value) === 'DestinationRule') rulesOfHost.push(readStrictly(destinationRule, value));
    else others.push(value);
  }
  const [first, second] = others;
  if (first === undefined) throw new Error('there is no document with routes');
  if (second !== undefined) throw new Error('there are several documents beside the DestinationRule');
  const rules = readStrictly(schema, first);
  const [host = ''] = rules.spec.hosts;
  const other = rulesOfHost.find(({ spec }) => !isSameHost(spec.host, host));
  if (other !== undefined) throw new Error(`a DestinationRule is for ${other.spec.host}, the routes are for ${host}`);
  const subsets = rulesOfHost.flatMap(({ spec }) => spec.subsets ?? []);
  const twice = subsets.find(({ name }, at) => subsets.findIndex((one) => one.name === name) !== at);
  if (twice !== undefined) throw new Error(`two subsets have the name ${twice.name}`);
  return { rules, host, subsets };
}

/** Throws Error for a route that leaves the host, or whose weights no proxy takes. */
export function requireOneHost(route: z.infer<typeof destinations>, host: string, name = ''): void {
  const other = route.find(({ destination }) => !isSameHost(destination.host, host));
  if (other !== undefined)
    throw new Error(`the route ${name} leads to ${other.destination.host}, the routes are for ${host}`);
  if (route.length > 1 && route.every(({ weight = 0 }) => weight === 0))
    throw new Error(`the weights of the route ${name} sum to 0`);
}

/** Reads a value. Throws Error that names the first field that is not as known. */
export function readStrictly<T>(schema: z.ZodType<T>, value: unknown): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])];
  const why = issue?.code === 'unrecognized_keys' ? 'weir cannot tell what it does' : issue?.message;
  throw new Error(`${place.join('.') || 'the document'}: ${why}`);
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
}

/** A short name stands for the full one of the same service. */
function isSameHost(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}
