/** From a JavaScript rule to its decision tree, and to the outcome of one call. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import type { ExploredRule } from '../groovy/machine/explore-script.ts';
import { Explorer, type LeafOutcome, type PathLeaf } from '../groovy/machine/explorer.ts';
import type { GroovySource, TextRange } from '../groovy/syntax/source.ts';
import type { CallOutcome } from '../plan/call-outcome.ts';
import { predicateHolds, presentProviders } from '../plan/evaluate-plan.ts';
import type { CallAssumption, PlanAssumption, PlanNote } from '../plan/route-plan.ts';
import { everyCall, oneCall, type RouterWorld } from '../read/router-world.ts';
import { isScriptError } from './js-core.ts';
import { JsScript } from './js-script.ts';
import type { JsValue } from './js-value.ts';
import { type ParsedJavaScript, parseJavaScript } from './parse-javascript.ts';

/** Names by which Java finds a JavaScript engine, and `type` names the language. */
export const JAVASCRIPT_NAMES: ReadonlySet<string> = new Set(['javascript', 'js', 'ecmascript', 'nashorn']);

/** Exception of javax.script for a script that does not compile or that fails. The router then ignores the rule. */
const SCRIPT_ERROR = 'javax.script.ScriptException';

/** Follows a JavaScript rule for every call, as Nashorn runs it inside ScriptStateRouter. */
export function exploreJavaScript(
  text: GroovySource,
  providers: readonly RoutingProvider[],
): { readonly explored: ExploredRule; readonly notes: PlanNote[] } {
  const parsed = parseJavaScript(text.text);
  const whole: TextRange = { start: 0, end: Math.min(1, text.text.length) };
  if (!parsed.ok) {
    const range = { start: parsed.at, end: Math.min(text.text.length, parsed.at + 1) };
    const leaf: PathLeaf = { kind: 'leaf', outcome: unreadOutcome(parsed, text, range), range, notes: [] };
    const note = { code: 'syntax-error', message: parsed.message, span: text.span(range) };
    return { explored: { tree: leaf, assumptions: [] }, notes: parsed.certain ? [note] : [] };
  }
  const explorer = new Explorer();
  const assumptions = new Map<string, PlanAssumption>();
  const leftOut = new Map<string, CallAssumption>();
  const world = everyCall(explorer, providers, ['3.2'], new Set());
  const step = (): { leaf: PathLeaf } => {
    const script = new JsScript(world, text, assumptions);
    const { outcome, range } = outcomeOf(script, text, () => script.run(parsed.program), whole);
    for (const [key, calls] of script.leftOut) leftOut.set(key, calls);
    return { leaf: { kind: 'leaf', outcome, range, notes: script.notes } };
  };
  const limited = (): PathLeaf => {
    const reason = 'the script has more paths than weir follows';
    const outcome = { kind: 'opaque', code: 'path-limit', reason, span: text.span(whole) } as const;
    return { kind: 'leaf', outcome, range: whole, notes: [] };
  };
  const tree = explorer.explore<null>(null, step, limited);
  const callAssumptions = leftOut.size === 0 ? {} : { callAssumptions: [...leftOut.values()] };
  return { explored: { tree, assumptions: [...assumptions.values()], ...callAssumptions }, notes: [] };
}

/** Answers one call by a JavaScript rule. */
export function runJavaScript(text: GroovySource, call: RoutingCall, all: readonly RoutingProvider[]): CallOutcome {
  const parsed = parseJavaScript(text.text);
  if (!parsed.ok)
    return parsed.certain
      ? { kind: 'ignored', exception: SCRIPT_ERROR }
      : { kind: 'opaque', reason: `weir does not read the script: ${parsed.message}` };
  const world: RouterWorld = oneCall(call, all, ['3.2'], new Set());
  const script = new JsScript(world, text, new Map());
  const { outcome } = outcomeOf(script, text, () => script.run(parsed.program), { start: 0, end: 1 });
  const present = presentProviders(call, all);
  const down = new Set(call.down ?? []);
  try {
    if (outcome.kind === 'group') {
      const left = present.filter((provider) => predicateHolds(outcome.where, provider, down));
      return { kind: 'providers', ids: left.map(({ id }) => id) };
    }
  } catch (error) {
    if (!(error instanceof OpaqueSignal)) throw error;
    return { kind: 'opaque', reason: error.reason };
  }
  if (outcome.kind === 'all' && outcome.ignored !== undefined) return { kind: 'ignored', exception: outcome.ignored };
  if (outcome.kind === 'error') return outcome;
  if (outcome.kind === 'opaque') return { kind: 'opaque', reason: outcome.reason };
  return { kind: 'opaque', reason: 'the script was not followed for this call' };
}

function unreadOutcome(
  parsed: Extract<ParsedJavaScript, { ok: false }>,
  text: GroovySource,
  range: TextRange,
): LeafOutcome {
  if (parsed.certain) return { kind: 'all', ignored: SCRIPT_ERROR };
  const reason = `weir reads ECMAScript 5.1, which this is not: ${parsed.message}`;
  return { kind: 'opaque', code: 'unsupported', reason, span: text.span(range) };
}

function outcomeOf(
  script: JsScript,
  text: GroovySource,
  run: () => JsValue,
  whole: TextRange,
): { readonly outcome: LeafOutcome; readonly range: TextRange } {
  try {
    return { outcome: outcomeOfResult(run(), script), range: script.where };
  } catch (error) {
    if (isScriptError(error)) return { outcome: { kind: 'all', ignored: SCRIPT_ERROR }, range: script.where };
    if (!(error instanceof OpaqueSignal)) throw error;
    const at = error.range ?? whole;
    return { outcome: { kind: 'opaque', code: error.code, reason: error.reason, span: text.span(at) }, range: at };
  }
}

/** ScriptStateRouter keeps the providers of a list; null fails on it, and what is no list fails a cast. */
function outcomeOfResult(value: JsValue, script: JsScript): LeafOutcome {
  switch (value.k) {
    case 'list':
      return { kind: 'group', where: value.where, label: '', closedWorld: false };
    case 'undefined':
    case 'null':
      return { kind: 'error', exception: 'java.lang.NullPointerException' };
    case 'bool':
    case 'number':
    case 'text':
    case 'array':
    case 'provider':
    case 'url':
    case 'invocation':
    case 'function':
      return { kind: 'error', exception: 'java.lang.ClassCastException' };
    default:
      if (value.k === 'builtin' && value.name === 'context')
        return { kind: 'error', exception: 'java.lang.ClassCastException' };
      return script.opaque('a result that weir does not know');
  }
}
