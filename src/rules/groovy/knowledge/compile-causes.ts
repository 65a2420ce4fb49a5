/**
 * The causes for which weir says that a text does not compile on Groovy 2.4.21. Each has texts that the real compiler is
 * asked about (test/e2e/groovy-causes.test.ts). A text that weir cannot read for any other reason may well compile: it is
 * refused, never called broken.
 */

/** A cause by name: what is wrong, and texts that show it. */
export interface CompileCause {
  readonly why: string;
  readonly examples: readonly string[];
}

/** All causes that are certain. */
export const COMPILE_CAUSES = {
  'unclosed-string': {
    why: 'a string is never closed',
    examples: ["def s = 'abc", 'def s = "abc', "def s = '''abc''"],
  },
  'unclosed-comment': { why: 'a comment is never closed', examples: ['/* abc', '1\n/* def x = 1'] },
  'unknown-escape': {
    why: 'an escape in a string that Groovy does not know',
    examples: ["def s = 'a\\qb'", "def s = '\\8'"],
  },
  'lone-dollar': { why: 'a $ in double quotes that begins no value', examples: ['def s = "a $ b"', 'def s = "5$"'] },
  'unknown-character': {
    why: 'a character that is no part of Groovy, such as a full-width parenthesis',
    examples: ['if （true） { }', 'def x = 1；', 'def x = “a”', 'def x = `a`', 'def x = 1 # 2', 'def x，y'],
  },
  'unbalanced-brackets': {
    why: 'brackets do not match',
    examples: ['if (true) { 1', 'foo(1]', 'def x = [1, 2', ')', '}', 'def f(x) { [1, 2 }'],
  },
  'identity-operator': {
    why: 'the operators === and !== came with Groovy 3',
    examples: ['def x = 1 === 1', 'def x = 1 !== 1'],
  },
  lambda: {
    why: 'a lambda came with Groovy 3: an arrow outside of the braces of a closure',
    examples: ['foo(x -> x)', 'foo(1, (a, b) -> a)', 'def f = x -> { x }', 'def l = [x -> x]', 'x -> x'],
  },
  'method-reference': {
    why: 'a method reference (::) came with Groovy 3',
    examples: ['foo.map(String::valueOf)', 'def f = this::foo', 'String::new'],
  },
  'negated-word': {
    why: '!in and !instanceof came with Groovy 3',
    examples: ['def a = 1 !in [1]', 'if (1 ! in [1]) { }', "def a = 'a' !instanceof String"],
  },
  'do-loop': {
    why: 'do { } while () came with Groovy 3',
    examples: ['do { } while (false)', 'if (true) do { } while (0)'],
  },
  'try-resources': {
    why: 'try (...) came with Groovy 3',
    examples: ['try (def x = foo()) { }', 'try(x) { } catch (e) { }'],
  },
  'array-items': {
    why: 'an array with its items in braces came with Groovy 3',
    examples: ["String[] a = new String[]{'a'}", 'def a = new int[] {1, 2}', 'def a = new int[][]{{1}}'],
  },
  'empty-branch': {
    why: 'a branch of an if is a semicolon alone',
    examples: ['if (1) ;', 'if (1)\n;\nelse 2', 'if (0) 1\nelse ;', 'if (0) 1 else if (1) ;'],
  },
  'misplaced-modifier': {
    why: 'a variable of a script, method or closure has a modifier that only members of a class have',
    examples: [
      "static final List X = ['a']",
      'private x = 1',
      'private static int x = 1',
      "public static final String X = 'a'",
      'def f() { static x = 1 }',
      'def c = { protected int x = 1 }',
      'if (true) { private def x = 1 }',
      'def static x = 1',
      'volatile int x = 1',
      'transient int x = 1',
      'synchronized int x = 1',
      'abstract int x = 1',
    ],
  },
  'missing-import': {
    why: 'a class without its import, of those that no script sees without one',
    examples: [
      'Invoker x = null',
      'def x = new ArrayList<Invoker>()',
      'List<Invoker> x = []',
      'def f(Map<String, List<Invocation>> x) { }',
      '[].each { Invoker x -> }',
      'for (Invoker x : []) { }',
      'def x = null as Pattern',
      'def x = (Collectors) null',
      'try { } catch (RpcException e) { }',
      'def x = new AtomicInteger(1)',
      '@Field def x = 1\nx',
      'def x = [] as List<Invoker>',
    ],
  },
  'no-type-arguments': {
    why: 'a declared type with empty angle brackets, which only new has',
    examples: ['List<> x = []', 'def f(List<> x) { }', 'def f() { Map<> x = [:] }'],
  },
  'several-in-for': {
    why: 'a for loop declares or counts several variables',
    examples: ['for (int i = 0, n = 2; i < n; i++) { }', 'for (i = 0; i < 2; i++, j++) { }'],
  },
  'assignment-in-if': {
    why: 'an assignment is the condition of an if, without brackets of its own',
    examples: [
      'def a = 0\nif (a = 1) { }',
      'def a = 0\nif (a += 1) { }',
      'def a = 0\nif (false) { } else if (a = 1) { }',
    ],
  },
  'duplicate-variable': {
    why: 'a variable is declared twice in one scope, or a closure declares one that is there already',
    examples: [
      'def x = 1; def x = 2',
      'def c = { it -> def it = 1 }',
      'def x = 2; { -> def x = 3 }',
      'def f(x) { def x = 1 }',
    ],
  },
  'jump-outside': {
    why: 'a break or continue outside of a loop',
    examples: ['break', 'continue', 'if (true) { break }', '[1].each { if (it) continue }'],
  },
  'duplicate-method': {
    why: 'a method is declared twice',
    examples: ['int f() { 1 }; int f() { 2 }', 'def f(a) { 1 }\ndef f(b) { 2 }'],
  },
  'long-string': {
    why: 'a text constant of more than 65,535 bytes in UTF-8',
    examples: [`def s = '${'a'.repeat(65_536)}'`, `def s = '${'\u4e2d'.repeat(21_846)}'`],
  },
  'large-method': {
    why: 'a method of more than 64 KB of byte code',
    examples: [`def x = 0\n${'x = x + 1\n'.repeat(6_000)}x`],
  },
} as const satisfies Readonly<Record<string, CompileCause>>;

/** Name of a cause. */
export type CompileCauseId = keyof typeof COMPILE_CAUSES;
