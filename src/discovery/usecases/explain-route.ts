/** Explains one call of a consumer by the routes that its Envoy was given. */
import type { RoutingCall } from '../../rules/case-file.ts';
import { testHolds, textsOf } from '../../rules/models/envoy-tests.ts';
import type { ConsumerRoute } from '../records/agent-protocol.ts';
import { ORIGINAL_CLUSTER } from '../resources/dubbo-routes.ts';

/** Where a call goes. `providers` are empty where the call fails, and where it keeps its address. */
export interface ExplainedCall {
  /** The rule that decides; null for a service without rules. */
  readonly rule: string | null;
  readonly providers: readonly string[];
  /** The call goes to the address that its consumer picked. */
  readonly keepsAddress: boolean;
  readonly source: ConsumerRoute['source'];
}

/** The first route whose test holds; arguments are taken as the consumer's Filter writes them. */
export function explainRoute(routes: readonly ConsumerRoute[], call: RoutingCall): ExplainedCall {
  const { group = '', version = '' } = call.attachments;
  const wanted = version === '0.0.0' ? '' : version;
  const texts = textsOf(call);
  const route = routes.find((one) => {
    if (one.interface !== call.service || one.group !== group || one.version !== wanted) return false;
    return one.test === null || testHolds(one.test, texts);
  });
  if (route === undefined) return { rule: null, providers: [], keepsAddress: true, source: null };
  const { rule, members, outcome, source } = route;
  return { rule, providers: members, keepsAddress: outcome === ORIGINAL_CLUSTER, source };
}
