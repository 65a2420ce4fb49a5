/** The scope of a rule, from its carrier and from flags, and the parts of it that a document could not keep. */
import type { RoutingProvider } from '../case-file.ts';
import type { PlanScope } from '../plan/route-plan.ts';
import type { RuleSource } from './rule-source.ts';

/** The meaning of a rule's key, an application or a service, for carriers that leave it open. */
export type KeyScope = 'app' | 'service';

/** A scope with its objections: `refusal` keeps the rule from being written, `question` is only a doubt. */
export interface ResolvedScope {
  readonly scope: PlanScope;
  readonly refusal: string | null;
  readonly question: string | null;
}

/** Facts of the estate that decide a scope. */
export interface ScopeEstate {
  readonly providers?: readonly RoutingProvider[] | undefined;
  /** The provider application, of the case file or of --app. */
  readonly app?: string | undefined;
  /** --scope. */
  readonly keyScope?: KeyScope | undefined;
}

/** Resolves the scope of a rule. A group, version or consumer that no document can say is a refusal. */
export function resolveScope(source: RuleSource, estate: ScopeEstate): ResolvedScope {
  const asService = estate.keyScope ?? keyScopeOf(source);
  const scope = asService === 'service' ? serviceScope(source) : appScope(source);
  const narrow = narrowScope(scope, estate.providers ?? []);
  const known = { ...scope, providerApp: scope.providerApp ?? estate.app ?? null };
  if (narrow !== null || scope.providerApp === null) return { scope: known, refusal: narrow, question: null };
  const { app } = estate;
  if (source.kind !== 'condition' || estate.keyScope === 'app' || app === scope.providerApp)
    return { scope: known, refusal: null, question: null };
  if (app !== undefined) {
    const refusal = `its key is ${scope.providerApp}, and the providers are of ${app}: as the consumer's application it binds that consumer only`;
    return { scope: { ...known, providerApp: app }, refusal, question: null };
  }
  const question = `${scope.providerApp} may be the consumer's application (2.7, and 3.x beside the provider's): taken as the provider's; --app names it`;
  return { scope: known, refusal: null, question };
}

/** A service key has a package or marks of version and group; the routers tell by the name of the node alone. */
function keyScopeOf(source: RuleSource): KeyScope {
  const { key } = source;
  if (key === null) return 'app';
  if (source.saysScope !== null) return source.saysScope;
  return source.kind === 'condition' && /^(?:[^/]*\/)?(?:[\w$]+\.)+[A-Z][\w$]*(?::|$)/.test(key) ? 'service' : 'app';
}

function appScope(source: RuleSource): PlanScope {
  return source.key === null ? source.scope : { ...source.scope, providerApp: source.key };
}

/** `interface:version:group` of a node's name, or `group/interface:version` of a service key. */
function serviceScope(source: RuleSource): PlanScope {
  if (source.key === null) return source.scope;
  const match = /^(?:([^/:]*)\/)?([^/:]+)(?::([^:]*))?(?::([^:]*))?/.exec(source.key);
  const [, before, service, version, after] = match ?? [];
  return { ...source.scope, service: service ?? null, group: before || after || null, version: version || null };
}

/**
 * The part of a scope that a document for all calls of a service would drop, unless the snapshot shows nothing else.
 */
function narrowScope(scope: PlanScope, providers: readonly RoutingProvider[]): string | null {
  if (scope.consumerHost !== undefined) return `it is for the consumer ${scope.consumerHost} only`;
  const parts: string[] = [];
  for (const name of ['group', 'version'] as const) {
    const wanted = scope[name];
    const everywhere = providers.length > 0 && providers.every((provider) => provider.params[name] === wanted);
    if (wanted !== null && wanted !== '*' && !everywhere) parts.push(`${name} ${wanted}`);
  }
  return parts.length === 0 ? null : `it is for ${parts.join(' and ')} only`;
}
