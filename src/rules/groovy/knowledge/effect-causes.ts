/**
 * The causes for which weir says that a script which compiles never had an effect. Each has scripts that the real engine is
 * asked about (test/e2e/groovy-causes.test.ts): every call of them fails inside the rule, or reaches all providers.
 */

/** A cause by name: what the script does on every path, what weir calls it, and scripts that show it. */
export interface EffectCause {
  /** `dead`: it returns its input. `broken`: it fails, and the router ignores it or fails the call. */
  readonly effect: 'dead' | 'broken';
  readonly why: string;
  readonly examples: readonly string[];
}

/** All causes that are certain. */
export const EFFECT_CAUSES = {
  'returns-its-input': {
    effect: 'dead',
    why: 'every path returns the providers that it was given',
    examples: [
      'return invokers',
      "if (invocation.methodName == 'a') return invokers\ninvokers",
      'invokers.findAll { true }',
    ],
  },
  'missing-method': {
    effect: 'broken',
    why: 'a method that no class of the value has',
    examples: ['invocation.methodName.fooBar()\ninvokers', 'noSuchMethod(1)\ninvokers', 'def x = 1\nx.fooBar()'],
  },
  'missing-property': {
    effect: 'broken',
    why: 'a name or property that nothing has',
    examples: ['noSuchName\ninvokers', 'invocation.methodName.noSuchProperty\ninvokers'],
  },
  'member-of-null': {
    effect: 'broken',
    why: 'a method or property of null',
    examples: ['def x = null\nx.size()\ninvokers', 'def x = null\nreturn x.name'],
  },
  'no-number': {
    effect: 'broken',
    why: 'a text that is no number becomes one',
    examples: ["'ab'.toInteger()\ninvokers", "Integer.parseInt('1.5')\ninvokers"],
  },
  'no-cast': {
    effect: 'broken',
    why: 'a value becomes a class that it has no way to',
    examples: ["int x = 'ab'\ninvokers", 'def x = (Long) [:]\ninvokers'],
  },
  'no-such-position': {
    effect: 'broken',
    why: 'a position behind the end of a text, an array or a list that throws',
    examples: ["'ab'.substring(5)\ninvokers", "'a,b'.split(',')[3]\ninvokers", '[1].get(4)\ninvokers'],
  },
  'no-order': {
    effect: 'broken',
    why: 'values of classes that have no order are compared',
    examples: ["'ab' < 1\ninvokers"],
  },
  'division-by-zero': {
    effect: 'broken',
    why: 'a division by zero',
    examples: ['1.intdiv(0)\ninvokers', '1 / 0\ninvokers'],
  },
  'fixed-list': {
    effect: 'broken',
    why: 'a list that takes nothing is changed',
    examples: ["['a'].asImmutable() << 'b'\ninvokers", 'Collections.emptyList() << 1\ninvokers'],
  },
  'throws-itself': {
    effect: 'broken',
    why: 'the script throws an exception',
    examples: ["throw new RuntimeException('off')", 'throw new IllegalStateException()'],
  },
} as const satisfies Readonly<Record<string, EffectCause>>;
