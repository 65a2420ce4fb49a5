/** The checks of `weir rules lint` on Dubbo mesh rules. */
import { isMap, isSeq, type Node } from 'yaml';
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { JavaRegexError } from '../regex/java-regex-error.ts';
import { compileJavaRegex } from '../regex/run-pattern.ts';
import { ignoredKey, KNOWN_KEYS, type MeshPlace } from './known-keys.ts';
import { child, entriesOf, isPlain, itemsOf, type PlacedDocument, readPlacedYaml, textOf } from './yaml-walk.ts';

/** A trap in a handwritten mesh rule. */
export interface LintFinding {
  readonly code: DiagnosticCode;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const STRING_KEYS = KNOWN_KEYS.name_match;
const INTEGER = /^[-+]?(?:0x[0-9a-fA-F]+|[0-9][0-9_]*)$/;
// Bare words that a YAML 1.1 reader does not read as text.
const RETYPED =
  /^(?:[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|0x[0-9a-fA-F]+|yes|no|on|off|true|false|y|n|~|null|\d{4}-\d\d?-\d\d?.*)$/i;

/** Looks for the known traps of Dubbo's mesh rules in one text of the config centre. */
export function lintMeshRule(text: string): LintFinding[] {
  const reading = readPlacedYaml(text);
  if (!reading.ok) {
    return [
      {
        code: 'WR052',
        line: reading.line,
        column: reading.column,
        message: `The YAML does not parse: ${reading.message}`,
      },
    ];
  }
  const lint = new MeshLint();
  lint.run(reading.documents.filter(isMeshDocument));
  return lint.findings.sort((a, b) => a.line - b.line || a.column - b.column || a.code.localeCompare(b.code));
}

// Istio's own documents and those of other kinds are none of Dubbo's; a text that says no kind is looked at all the same.
function isMeshDocument({ root }: PlacedDocument): boolean {
  if (!isMap(root)) return false;
  const kind = textOf(child(root, 'kind'));
  const api = textOf(child(root, 'apiVersion')) ?? '';
  if (kind !== undefined && kind !== 'VirtualService' && kind !== 'DestinationRule') return false;
  return !api.startsWith('networking.istio.io/') || child(child(root, 'spec'), 'dubbo') !== undefined;
}

class MeshLint {
  readonly findings: LintFinding[] = [];
  private document: PlacedDocument | null = null;

  run(documents: readonly PlacedDocument[]): void {
    if (documents.length === 0) return;
    const kindOf = (document: PlacedDocument): string | undefined => textOf(child(document.root, 'kind'));
    const services = documents.filter((document) => kindOf(document) === 'VirtualService');
    const destinations = documents.filter((document) => kindOf(document) === 'DestinationRule');
    const defined = new Set<string>();
    for (const document of documents) {
      this.document = document;
      this.known(document.root, 'document');
      const name = child(child(document.root, 'metadata'), 'name');
      if (textOf(name)?.includes('.') === true) this.add('WR051', name, `metadata.name is ${textOf(name)}.`);
    }
    for (const document of destinations) for (const name of this.destinationRule(document)) defined.add(name);
    if (services.length === 0 || destinations.length === 0) {
      this.document = documents[0] ?? null;
      const missing = services.length === 0 ? 'VirtualService' : 'DestinationRule';
      this.add('WR047', documents[0]?.root, `There is no ${missing}: the text is not taken.`);
    }
    for (const document of services) this.virtualService(document, defined);
  }

  private add(code: DiagnosticCode, node: Node | null | undefined, message: string): void {
    const place = this.document?.placeOf(node) ?? { line: 1, column: 1 };
    this.findings.push({ code, ...place, message });
  }

  // Keys that nobody reads: what they should do does not happen.
  private known(node: Node | null | undefined, place: MeshPlace): void {
    for (const { key, keyNode } of entriesOf(node)) {
      const message = ignoredKey(place, key);
      // The fallback beside its destination has a finding of its own.
      if (message !== null && !(place === 'entry of route' && key === 'fallback'))
        this.add('WR064', keyNode, `${message}.`);
    }
  }

  private destinationRule(document: PlacedDocument): string[] {
    this.document = document;
    const spec = child(document.root, 'spec');
    const subsets = child(spec, 'subsets');
    this.known(spec, 'DestinationRule');
    if (!isSeq(subsets))
      this.add('WR047', spec ?? document.root, 'The DestinationRule has no subsets: a consumer does not start.');
    return itemsOf(subsets).flatMap((subset) => {
      this.known(subset, 'subset');
      this.textMap(child(subset, 'labels'), 'labels');
      return textOf(child(subset, 'name')) ?? [];
    });
  }

  private virtualService(document: PlacedDocument, defined: ReadonlySet<string>): void {
    this.document = document;
    const spec = child(document.root, 'spec');
    if (!isMap(spec)) {
      this.add('WR053', document.root, 'The VirtualService has no spec: every call fails.');
      return;
    }
    this.known(spec, 'VirtualService');
    if (child(spec, 'dubbo') === undefined) {
      this.add('WR053', spec, 'The VirtualService has no dubbo list: every call fails.');
    }
    let final = false;
    for (const route of itemsOf(child(spec, 'dubbo'))) {
      this.known(route, 'entry of dubbo');
      if (final) this.add('WR056', route, 'A route before this one takes every service.');
      const services = itemsOf(child(route, 'services'));
      final ||= services.length === 0;
      for (const service of services) {
        this.known(service, 'entry of services');
        this.stringMatch(service);
        const exact = textOf(child(service, 'exact'));
        if (exact !== undefined && /[:/]/.test(exact))
          this.add('WR055', service, `${exact} is no bare interface name.`);
        if (entriesOf(service).length === 0) this.add('WR055', service, 'An empty entry matches no service.');
      }
      this.details(itemsOf(child(route, 'routedetail')), defined);
    }
  }

  private details(details: readonly Node[], defined: ReadonlySet<string>): void {
    let final = false;
    for (const detail of details) {
      if (final) this.add('WR056', detail, 'A detail before this one takes every call.');
      this.known(detail, 'entry of routedetail');
      const match = child(detail, 'match');
      final ||= match === undefined || itemsOf(match).length === 0;
      if (match !== undefined) this.match(match);
      const route = child(detail, 'route');
      if (route !== undefined) this.route(route, defined);
    }
  }

  private match(match: Node): void {
    if (!isSeq(match) || match.items.length === 0) {
      this.add('WR049', match, 'This match always holds.');
      return;
    }
    if (match.items.length > 1)
      this.add('WR043', match, `${match.items.length} entries: AND to Dubbo 3.3.6, OR after it.`);
    for (const request of itemsOf(match)) {
      if (entriesOf(request).length === 0) this.add('WR049', request, 'An empty entry always holds.');
      this.known(request, 'entry of match');
      const method = child(request, 'method');
      if (method !== undefined) this.method(method);
      this.textMap(child(request, 'sourceLabels'), 'sourceLabels');
      const attachments = child(request, 'attachments');
      this.known(attachments, 'attachments');
      if (child(attachments, 'tracingContext') !== undefined) {
        this.add(
          'WR049',
          child(attachments, 'tracingContext'),
          'tracingContext never holds: Dubbo ships no provider for it.',
        );
      }
      for (const { value, keyNode } of entriesOf(child(attachments, 'dubboContext'))) {
        if (!isMap(value)) this.add('WR052', keyNode, 'A null or text here rejects the whole rule.');
        else {
          this.known(value, 'dubboContext');
          this.stringMatch(value);
        }
      }
    }
  }

  private method(method: Node): void {
    this.known(method, 'method');
    this.known(child(method, 'name_match'), 'name_match');
    this.stringMatch(child(method, 'name_match'));
    for (const type of itemsOf(child(method, 'argp'))) {
      if (isMap(type)) this.known(type, 'entry of argp');
      else
        this.add(
          'WR046',
          type,
          `argp takes matches, {exact: '${textOf(type) ?? ''}'}: a text here is dropped, and every type matches.`,
        );
      this.stringMatch(type);
    }
    const argc = child(method, 'argc');
    if (argc !== undefined && !(isPlain(argc) && INTEGER.test(textOf(argc) ?? ''))) {
      this.add('WR046', argc, 'argc is no integer: it is dropped and every count matches.');
    }
    const args = itemsOf(child(method, 'args'));
    if (args.length > 0 && (argc === undefined || child(method, 'argp') === undefined)) {
      this.add('WR044', child(method, 'args'), 'argc and argp are missing: an overload fails inside the router.');
    }
    for (const argument of args) this.argument(argument);
  }

  private argument(argument: Node): void {
    this.known(argument, 'entry of args');
    const index = child(argument, 'index');
    if (index !== undefined && !(isPlain(index) && INTEGER.test(textOf(index) ?? ''))) {
      this.add('WR052', index, 'index is no integer: the whole rule is rejected.');
    }
    for (const key of ['str_value', 'num_value'] as const) {
      const value = child(argument, key);
      if (value === undefined) continue;
      this.known(value, key);
      const oneof = child(value, 'oneof');
      if (!isSeq(oneof)) this.add('WR053', value, `${key} without oneof fails every call that comes here.`);
      for (const item of itemsOf(oneof)) {
        this.known(item, key === 'str_value' ? 'entry of oneof' : 'number in oneof');
        if (key === 'str_value') this.stringMatch(item);
        else this.numberMatch(item);
      }
    }
    const bool = child(argument, 'bool_value');
    if (bool === undefined) return;
    const exact = child(bool, 'exact');
    const real = exact !== undefined && isPlain(exact) && /^(?:true|false|yes|no|on|off)$/i.test(textOf(exact) ?? '');
    if (!real) this.add('WR046', bool, 'bool_value needs a bare exact: true or exact: false, or never holds.');
  }

  private numberMatch(match: Node): void {
    const range = child(match, 'range');
    this.known(range, 'range');
    for (const [parent, key] of [
      [match, 'exact'],
      [match, 'mod'],
      [range, 'start'],
      [range, 'end'],
    ] as const) {
      const node = child(parent, key);
      const text = textOf(node);
      if (node === undefined || text === undefined) continue;
      if (!isPlain(node) || INTEGER.test(text))
        this.add(
          'WR040',
          node,
          `${key}: ${text} is dropped; write ${/^[-+]?\d+$/.test(text) ? `${text}.0` : 'a bare float'}.`,
        );
    }
  }

  private stringMatch(match: Node | undefined): void {
    if (match === undefined) return;
    for (const key of STRING_KEYS) {
      const node = child(match, key);
      const text = textOf(node);
      if (node === undefined || text === undefined) continue;
      if (isPlain(node) && RETYPED.test(text) && key !== 'empty' && key !== 'noempty') {
        this.add('WR046', node, `${text} without quotes is not read as that text.`);
      }
      if (key === 'regex') this.regex(node, text);
    }
  }

  private regex(node: Node, text: string): void {
    try {
      compileJavaRegex(text);
    } catch (error) {
      if (error instanceof JavaRegexError && error.kind === 'syntax')
        this.add('WR053', node, `The regex does not compile: ${text}`);
    }
  }

  private textMap(map: Node | undefined, name: string): void {
    for (const { key, keyNode, value } of entriesOf(map)) {
      const text = textOf(value);
      if (value === null || (isPlain(value) && /^(?:|~|null)$/i.test(text ?? ''))) {
        this.add('WR052', keyNode, `${name}.${key} is null: the whole rule is rejected.`);
      } else if (isPlain(value) && RETYPED.test(text ?? '')) {
        this.add('WR046', value, `${text} without quotes is not read as that text.`);
      }
    }
  }

  private route(route: Node, defined: ReadonlySet<string>): void {
    const entries = itemsOf(route);
    if (entries.length === 0) {
      this.add('WR053', route, 'An empty route fails every call that comes here.');
      return;
    }
    for (const entry of entries) {
      this.known(entry, 'entry of route');
      if (child(entry, 'fallback') !== undefined) {
        this.add(
          'WR054',
          child(entry, 'fallback'),
          'A fallback beside destination is never read: it belongs into destination.',
        );
      }
      const weight = child(entry, 'weight');
      if (weight !== undefined && !(isPlain(weight) && INTEGER.test(textOf(weight) ?? ''))) {
        this.add('WR052', weight, 'weight is no integer: the whole rule is rejected.');
      }
      const destination = child(entry, 'destination');
      // Another entry of the route is taken by chance, as long as it has its own.
      const fails = entries.length === 1 ? 'every call that comes here' : 'the calls that its weight gives it';
      if (!isMap(destination)) this.add('WR053', entry, `A route without destination fails ${fails}.`);
      else this.destination(destination, defined);
    }
    const sum = entries.reduce((total, entry) => total + Number(textOf(child(entry, 'weight')) ?? 0), 0);
    if (entries.length > 1 && !(sum >= 10_000)) {
      this.add(
        'WR041',
        route,
        `The weights sum to ${sum}: the first destination gets ${entries.length} tickets' worth of bias. Scale them to 10000 or more.`,
      );
    }
  }

  private destination(destination: Node, defined: ReadonlySet<string>): void {
    this.known(destination, 'destination');
    const subset = child(destination, 'subset');
    const name = textOf(subset);
    if (name === undefined || !defined.has(name)) {
      this.add(
        'WR042',
        subset ?? destination,
        name === undefined ? 'No subset is named.' : `No DestinationRule defines the subset ${name}.`,
      );
    }
    const fallback = child(destination, 'fallback');
    if (fallback === undefined) return;
    const inner = child(fallback, 'destination');
    if (inner !== undefined) this.known(fallback, 'fallback');
    if (inner === undefined)
      this.add('WR054', fallback, 'There is no fallback.destination: the fallback is never read.');
    else this.destination(inner, defined);
  }
}
