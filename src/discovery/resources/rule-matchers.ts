/** Routes of rules as Envoy's matching tree reads them, below the match of a service. */
import type { EnvoyTest, EnvoyText } from '../../rules/targets/envoy/envoy-test.ts';
import { escapeRegex } from '../../rules/targets/text-regex.ts';
import { bytePattern } from './byte-pattern.ts';
import { decimalPatterns } from './decimal-pattern.ts';
import { NETWORK, typed } from './envoy-types.ts';

/** One route as far as Envoy is concerned: a test (null: every call) and the action to take. */
export interface MatchedAction {
  readonly test: EnvoyTest | null;
  /** An `on_match` of Envoy. */
  readonly action: object;
}

/** An `on_match` that takes the first route whose test holds; `otherwise` is taken where none does. */
export function firstMatch(routes: readonly MatchedAction[], otherwise: object): object {
  const end = routes.findIndex(({ test }) => test === null);
  const tested = end === -1 ? routes : routes.slice(0, end);
  const last = routes[end]?.action ?? otherwise;
  if (tested.length === 0) return last;
  return {
    matcher: {
      matcher_list: {
        matchers: tested.map(({ test, action }) => ({
          predicate: test === null ? {} : rulePredicate(test),
          on_match: action,
        })),
      },
      on_no_match: last,
    },
  };
}

/** A predicate of Envoy's matching tree over what the Dubbo codec of generic_proxy reads. */
export function rulePredicate(test: EnvoyTest): object {
  if ('all' in test) return joined('and_matcher', test.all.map(rulePredicate));
  if ('any' in test) return joined('or_matcher', test.any.map(rulePredicate));
  if ('not' in test) return { not_matcher: rulePredicate(test.not) };
  const input =
    'method' in test
      ? { name: 'method', typed_config: typed(`${NETWORK}.generic_proxy.matcher.v3.MethodMatchInput`) }
      : {
          name: 'property',
          typed_config: typed(`${NETWORK}.generic_proxy.matcher.v3.PropertyMatchInput`, {
            property_name: test.attachment,
          }),
        };
  const text = 'method' in test ? test.method : test.text;
  const matches = textMatches(text).map((value_match) => ({ single_predicate: { input, value_match } }));
  return joined('and_matcher', matches);
}

/** Envoy takes a list of at least two. */
function joined(kind: 'and_matcher' | 'or_matcher', predicates: readonly object[]): object {
  const [only] = predicates;
  return predicates.length === 1 && only !== undefined ? only : { [kind]: { predicate: predicates } };
}

/** The StringMatchers that must all hold. */
function textMatches(text: EnvoyText): readonly object[] {
  if ('prefix' in text) return [{ prefix: text.prefix }];
  if ('suffix' in text) return [{ suffix: text.suffix }];
  if ('contains' in text) return [{ contains: text.contains }];
  if ('regex' in text) return [pattern(text.regex)];
  if ('present' in text) return [EVERYTHING];
  if ('number' in text) {
    const patterns = decimalPatterns(text.number);
    return patterns.length === 0 ? [EVERYTHING] : patterns.map(pattern);
  }
  if ('residue' in text) return [residue(text.residue)];
  const [only] = text.in;
  if (text.in.length === 1 && only !== undefined) return [only === '' ? pattern('') : { exact: only }];
  return [pattern(text.in.map(escapeRegex).join('|'))];
}

/** Every value. */
const EVERYTHING = { safe_regex: { google_re2: {}, regex: '[\\x00-\\xFF]*' } };

/** @throws TypeError for a pattern that `isRoutable` refuses. */
function pattern(regex: string): object {
  const bytes = bytePattern(regex);
  if (bytes === null) throw new TypeError(`Envoy has no pattern ${regex}`);
  return { safe_regex: { google_re2: {}, regex: bytes } };
}

/** Whether Envoy can be given a test: a document by other hands may hold patterns that weir does not write. */
export function isRoutable(test: EnvoyTest): boolean {
  if ('all' in test) return test.all.every(isRoutable);
  if ('any' in test) return test.any.every(isRoutable);
  if ('not' in test) return isRoutable(test.not);
  const text = 'method' in test ? test.method : test.text;
  return !('regex' in text) || bytePattern(text.regex) !== null;
}

/** The remainder digit by digit, so that numbers beyond a double's precision stay exact, with the sign of the dividend. */
function residue({ modulus, spans }: Extract<EnvoyText, { residue: unknown }>['residue']): object {
  const ranges = spans.map(([min, max]) => (min === max ? `n==${min}` : `(n>=${min} and n<=${max})`)).join(' or ');
  const lines = [
    'function envoy_match(s)',
    '  if not s:match("^-?%d+$") then return false end',
    '  local n = 0',
    `  for d in s:gmatch("%d") do n = (n * 10 + tonumber(d)) % ${modulus} end`,
    '  if s:sub(1, 1) == "-" then n = -n end',
    `  return ${ranges}`,
    'end',
  ];
  const source = typed('envoy.extensions.string_matcher.lua.v3.Lua', {
    source_code: { inline_string: lines.join('\n') },
  });
  return { custom: { name: 'lua', typed_config: source } };
}
