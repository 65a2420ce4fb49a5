/** The target istio: a plain VirtualService and DestinationRule for Triple. */
import { type ProxyDialect, proxyLowering } from './proxy-lowering.ts';
import type { LoweredPlan, LoweringInput } from './target.ts';
import { escapeRegex } from './text-regex.ts';
import type { WireMatch, WireText } from './wire-entries.ts';
import { YamlCommented, type YamlTree } from './yaml-text.ts';

const API_VERSION = 'networking.istio.io/v1';

/**
 * Lowers a plan to a plain Istio VirtualService and DestinationRule for Triple: POST `/interface/method`, attachments are
 * headers with lower-case keys, the caller's application is `tri-consumer-appname` (dubbo-rpc-triple, RequestMetadata).
 * Arguments are inside the body: rules about them stay with the script.
 */
export function lowerIstio(input: LoweringInput): LoweredPlan {
  const host = input.plan.scope.providerApp ?? input.name;
  const dialect: ProxyDialect = {
    capabilities: { absence: true, caller: true, name: 'Istio' },
    denies: true,
    invalidHost: !/^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/.test(host),
    exactWeights: true,
    print: (entries, subsets) => {
      const { service } = input.plan.scope;
      // Without this, calls to the other interfaces of the application would meet no route at all.
      const rest: YamlTree[] = service === null ? [] : [{ name: 'rest', route: [{ destination: { host } }] }];
      const http = entries.map(({ name, matches, action, comment }): YamlTree => {
        const always = matches.every((match) => Object.keys(httpMatch(match, service)).length === 0);
        return new YamlCommented(comment, {
          name,
          match: always ? undefined : matches.map((match) => httpMatch(match, service)),
          ...(action.kind === 'deny'
            ? { directResponse: { status: 503 } }
            : { route: action.destinations.map(({ subset, weight }) => ({ destination: { host, subset }, weight })) }),
        });
      });
      return [
        {
          apiVersion: API_VERSION,
          kind: 'VirtualService',
          metadata: { name: input.name },
          spec: { hosts: [host], http: [...http, ...rest] },
        },
        {
          apiVersion: API_VERSION,
          kind: 'DestinationRule',
          metadata: { name: input.name },
          spec: { host, subsets: subsets.map((subset) => ({ name: subset.name, labels: { ...subset.labels } })) },
        },
      ];
    },
  };
  return proxyLowering(input, dialect);
}

function httpMatch(match: WireMatch, scope: string | null): { [key: string]: YamlTree } {
  const service: WireText | null = match.service ?? (scope === null ? null : { kind: 'exact', text: scope });
  const tree: { [key: string]: YamlTree } = {};
  const uri = uriMatch(service, match.method);
  if (uri !== null) tree.uri = uri;
  const headers: { [key: string]: YamlTree } = {};
  const without: { [key: string]: YamlTree } = {};
  for (const { key, match: text } of match.attributes) {
    const header = key === null ? 'tri-consumer-appname' : key.toLowerCase();
    if (text.kind === 'absent') without[header] = {};
    else headers[header] = stringMatch(text);
  }
  if (Object.keys(headers).length > 0) tree.headers = headers;
  if (Object.keys(without).length > 0) tree.withoutHeaders = without;
  return tree;
}

function uriMatch(service: WireText | null, method: WireText | null): YamlTree | null {
  if (service === null && method === null) return null;
  if (service?.kind === 'exact' && (method === null || method.kind === 'prefix')) {
    return { prefix: `/${service.text}/${method?.text ?? ''}` };
  }
  if (service?.kind === 'exact' && method?.kind === 'exact') return { exact: `/${service.text}/${method.text}` };
  return { regex: `/${pathPart(service)}/${pathPart(method)}` };
}

function pathPart(text: WireText | null): string {
  if (text === null || text.kind === 'present' || text.kind === 'absent') return '[^/]+';
  if (text.kind === 'exact') return escapeRegex(text.text);
  if (text.kind === 'prefix') return `${escapeRegex(text.text)}[^/]*`;
  return `(?:${text.pattern})`;
}

function stringMatch(text: WireText): YamlTree {
  if (text.kind === 'exact') return { exact: text.text };
  if (text.kind === 'prefix') return { prefix: text.text };
  return text.kind === 'regex' ? { regex: text.pattern } : {};
}
