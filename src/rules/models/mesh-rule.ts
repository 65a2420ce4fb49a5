/** A Dubbo mesh rule as Dubbo's own beans hold it, and its reader. */
import { YamlDouble, YamlInteger, type YamlValue } from './yaml-scalar.ts';
import { readYamlDocuments } from './yaml-value.ts';

/** A StringMatch of a Dubbo mesh rule: the first field that is set decides, and all but the last two are skipped for null. */
export interface MeshStringMatch {
  readonly exact: string | null;
  readonly prefix: string | null;
  readonly regex: string | null;
  readonly wildcard: string | null;
  readonly empty: string | null;
  readonly noempty: string | null;
}

/** A DoubleMatch: `exact`, or `range` (start included, end not), or `mod` with `exact`. */
export interface MeshDoubleMatch {
  readonly exact: number | null;
  readonly mod: number | null;
  readonly range: { readonly start: number | null; readonly end: number | null } | null;
}

/** One entry of `args`; a match list is null when its key is present but holds no `oneof`. */
export interface MeshArgument {
  readonly index: number;
  readonly text: readonly MeshStringMatch[] | null | undefined;
  readonly number: readonly MeshDoubleMatch[] | null | undefined;
  readonly bool: boolean | null | undefined;
}

/** A DubboMatchRequest: everything that is set must hold. */
export interface MeshMatchRequest {
  readonly method: {
    readonly name: MeshStringMatch | null;
    readonly argc: number | null;
    readonly argp: readonly MeshStringMatch[] | null;
    readonly args: readonly MeshArgument[] | null;
  } | null;
  readonly sourceLabels: ReadonlyMap<string, string> | null;
  readonly attachments: {
    readonly dubboContext: ReadonlyMap<string, MeshStringMatch> | null;
    readonly tracingContext: ReadonlyMap<string, MeshStringMatch> | null;
  } | null;
}

/** A destination with its chain of fallbacks. */
export interface MeshDestination {
  readonly subset: string | null;
  readonly fallback: { readonly destination: MeshDestination | null } | null;
}

/** One entry of `routedetail`; `route` null means the key is absent, a request null means it is no map. */
export interface MeshRouteDetail {
  readonly name: string | null;
  readonly match: readonly (MeshMatchRequest | null)[] | null;
  readonly route: readonly { readonly weight: number; readonly destination: MeshDestination | null }[] | null;
}

/** One entry of `spec.dubbo`. */
export interface MeshRoute {
  readonly name: string | null;
  readonly services: readonly (MeshStringMatch | null)[] | null;
  readonly details: readonly MeshRouteDetail[] | null;
}

/** One text `<app>.MESHAPPRULE` as the listener and `PojoUtils.mapToPojo` of Dubbo 3.3.6 leave it. */
export interface MeshRule {
  readonly virtualServices: readonly { readonly name: string; readonly routes: readonly MeshRoute[] | null }[];
  readonly subsets: readonly { readonly name: string | null; readonly labels: ReadonlyMap<string, string> | null }[];
}

/** A rule text either becomes the rule, or is not taken and the former rule stays (`reason` says why). */
export type MeshRuleReading =
  | { readonly ok: true; readonly rule: MeshRule }
  | { readonly ok: false; readonly reason: string };

/** Dubbo rejects the whole text of an application: an exception inside mapToPojo or while the subsets are built. */
class Rejected extends Error {}

type Fields = ReadonlyMap<string, YamlValue>;

/**
 * Reads a rule text as MeshAppRuleListener and MeshRuleRouter.onRuleChange of Dubbo 3.3.6 do. A boxed field drops a
 * value of another class in silence; a primitive field then rejects the whole text. The router also refuses a text
 * without a VirtualService or a DestinationRule.
 */
export function readMeshRule(text: string): MeshRuleReading {
  const reading = readYamlDocuments(text);
  if (!reading.ok) return { ok: false, reason: `the YAML does not parse (line ${reading.line}): ${reading.reason}` };
  const virtualServices: { name: string; routes: readonly MeshRoute[] | null }[] = [];
  const subsets: MeshRule['subsets'][number][] = [];
  let destinationRules = 0;
  try {
    for (const document of reading.documents) {
      if (!isMap(document)) continue;
      const metadata = document.get('metadata');
      const name = isMap(metadata) ? metadata.get('name') : undefined;
      // A dot sends the document to another kind of router: nobody reads it.
      if (typeof name !== 'string' || name.includes('.')) continue;
      if (document.get('kind') === 'VirtualService') virtualServices.push({ name, routes: routesOf(document) });
      if (document.get('kind') === 'DestinationRule') {
        destinationRules += 1;
        subsets.push(...subsetsOf(document));
      }
    }
  } catch (error) {
    if (error instanceof Rejected) return { ok: false, reason: error.message };
    throw error;
  }
  if (virtualServices.length === 0) return { ok: false, reason: 'there is no VirtualService' };
  if (destinationRules === 0) return { ok: false, reason: 'there is no DestinationRule' };
  return { ok: true, rule: { virtualServices, subsets } };
}

function routesOf(document: Fields): readonly MeshRoute[] | null {
  requireText(document, 'apiVersion');
  const spec = mapField(document, 'spec');
  // Without a spec every call runs into a NullPointerException; the model shows it through `routes: null`.
  if (spec === null) return null;
  return (
    listField(spec, 'dubbo', (route) => ({
      name: textField(route, 'name'),
      services: listField(route, 'services', stringMatch),
      details: listField(route, 'routedetail', routeDetail),
    })) ?? []
  );
}

function routeDetail(fields: Fields): MeshRouteDetail {
  return {
    name: textField(fields, 'name'),
    match: nullableListField(fields, 'match', matchRequest),
    route: listField(fields, 'route', routeDestination),
  };
}

function routeDestination(fields: Fields): { weight: number; destination: MeshDestination | null } {
  const destination = mapField(fields, 'destination');
  return {
    weight: primitiveInt(fields, 'weight') ?? 0,
    destination: destination === null ? null : destinationOf(destination),
  };
}

function destinationOf(fields: Fields): MeshDestination {
  const fallback = mapField(fields, 'fallback');
  requireText(fields, 'host');
  return {
    subset: textField(fields, 'subset'),
    fallback: fallback === null ? null : { destination: routeDestination(fallback).destination },
  };
}

function matchRequest(fields: Fields): MeshMatchRequest {
  const method = mapField(fields, 'method');
  const attachments = mapField(fields, 'attachments');
  return {
    method: method === null ? null : methodMatch(method),
    sourceLabels: textMapField(fields, 'sourceLabels'),
    attachments:
      attachments === null
        ? null
        : {
            dubboContext: matchMapField(attachments, 'dubboContext'),
            tracingContext: matchMapField(attachments, 'tracingContext'),
          },
  };
}

function methodMatch(fields: Fields): NonNullable<MeshMatchRequest['method']> {
  const name = mapField(fields, 'name_match');
  return {
    name: name === null ? null : stringMatch(name),
    argc: boxedInt(fields, 'argc'),
    argp: listField(fields, 'argp', stringMatch),
    args: listField(fields, 'args', methodArgument),
  };
}

function methodArgument(fields: Fields): MeshArgument {
  const text = mapField(fields, 'str_value');
  const number = mapField(fields, 'num_value');
  const bool = mapField(fields, 'bool_value');
  const exact = bool === null ? null : plainField(bool, 'exact');
  return {
    index: primitiveInt(fields, 'index') ?? 0,
    text: text === null ? undefined : listField(text, 'oneof', stringMatch),
    number: number === null ? undefined : listField(number, 'oneof', doubleMatch),
    bool: bool === null ? undefined : typeof exact === 'boolean' ? exact : null,
  };
}

function stringMatch(fields: Fields): MeshStringMatch {
  return {
    exact: textField(fields, 'exact'),
    prefix: textField(fields, 'prefix'),
    regex: textField(fields, 'regex'),
    wildcard: textField(fields, 'wildcard'),
    empty: textField(fields, 'empty'),
    noempty: textField(fields, 'noempty'),
  };
}

function doubleMatch(fields: Fields): MeshDoubleMatch {
  const range = mapField(fields, 'range');
  return {
    exact: doubleField(fields, 'exact'),
    mod: doubleField(fields, 'mod'),
    range: range === null ? null : { start: doubleField(range, 'start'), end: doubleField(range, 'end') },
  };
}

function subsetsOf(document: Fields): MeshRule['subsets'][number][] {
  requireText(document, 'apiVersion');
  const spec = mapField(document, 'spec');
  if (spec === null) throw new Rejected('a DestinationRule has no spec');
  requireText(spec, 'host');
  const subsets = listField(spec, 'subsets', (subset) => ({
    name: textField(subset, 'name'),
    labels: textMapField(subset, 'labels'),
  }));
  if (subsets === null) throw new Rejected('a DestinationRule has no subsets');
  return subsets;
}

function isMap(value: YamlValue | undefined): value is Fields {
  return value instanceof Map;
}

// --- mapToPojo, one function a kind of Java field ---

function mapField(fields: Fields, key: string): Fields | null {
  const value = fields.get(key);
  return isMap(value) ? value : null;
}

/** The value of a field that holds no bean: a map there is made one all the same, which fails. */
function plainField(fields: Fields, key: string): YamlValue {
  const value = fields.get(key) ?? null;
  if (isMap(value)) throw new Rejected(`${key} is a map`);
  return value;
}

/** weir has no use for the field, but Dubbo reads it. */
function requireText(fields: Fields, key: string): void {
  plainField(fields, key);
}

function textField(fields: Fields, key: string): string | null {
  return textOf(plainField(fields, key));
}

// Scalars become text by their Java toString: `yes` is "true", `012` is "10", `6.10` is "6.1"; a date is dropped.
function textOf(value: YamlValue): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (value instanceof YamlInteger) return String(value.value);
  if (value instanceof YamlDouble) return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value);
  return null;
}

function doubleField(fields: Fields, key: string): number | null {
  const value = plainField(fields, key);
  return value instanceof YamlDouble ? value.value : null;
}

function boxedInt(fields: Fields, key: string): number | null {
  const value = plainField(fields, key);
  return value instanceof YamlInteger && Math.abs(value.value) < 2 ** 31 ? value.value : null;
}

function primitiveInt(fields: Fields, key: string): number | null {
  const value = fields.get(key);
  if (value === undefined || value === null) return null;
  if (value instanceof YamlInteger && Math.abs(value.value) < 2 ** 31) return value.value;
  throw new Rejected(`${key} is no integer`);
}

function listField<T>(fields: Fields, key: string, read: (fields: Fields) => T): T[] | null {
  return nullableListField(fields, key, read)?.filter((item): item is T => item !== null) ?? null;
}

function nullableListField<T>(fields: Fields, key: string, read: (fields: Fields) => T): (T | null)[] | null {
  const value = fields.get(key);
  if (!Array.isArray(value)) return null;
  return value.map((item: YamlValue) => {
    if (item === null) throw new Rejected(`${key} holds a null`);
    return isMap(item) ? read(item) : null;
  });
}

function textMapField(fields: Fields, key: string): ReadonlyMap<string, string> | null {
  const map = mapField(fields, key);
  if (map === null) return null;
  const out = new Map<string, string>();
  for (const [name, value] of map) {
    if (value === null || isMap(value)) throw new Rejected(`${key}.${name} is no text`);
    const text = textOf(value);
    if (text !== null) out.set(name, text);
  }
  return out;
}

function matchMapField(fields: Fields, key: string): ReadonlyMap<string, MeshStringMatch> | null {
  const map = mapField(fields, key);
  if (map === null) return null;
  const out = new Map<string, MeshStringMatch>();
  for (const [name, value] of map) {
    if (value === null) throw new Rejected(`${key}.${name} is null`);
    if (isMap(value)) out.set(name, stringMatch(value));
  }
  return out;
}
