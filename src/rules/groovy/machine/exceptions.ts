/** Exceptions of scripts by class name, and the signal that weir cannot go on. */
import type { OpaqueCode } from '../../plan/route-plan.ts';
import type { TextRange } from '../syntax/source.ts';

/** Parents of the exceptions that scripts meet; a class not listed is an Exception whose parent is unknown. */
const PARENTS: Readonly<Record<string, string>> = {
  'java.lang.Exception': 'java.lang.Throwable',
  'java.lang.Error': 'java.lang.Throwable',
  'java.lang.RuntimeException': 'java.lang.Exception',
  'java.lang.IllegalArgumentException': 'java.lang.RuntimeException',
  'java.lang.NumberFormatException': 'java.lang.IllegalArgumentException',
  'java.util.regex.PatternSyntaxException': 'java.lang.IllegalArgumentException',
  'java.lang.IllegalStateException': 'java.lang.RuntimeException',
  'java.lang.UnsupportedOperationException': 'java.lang.RuntimeException',
  'java.lang.NullPointerException': 'java.lang.RuntimeException',
  'java.lang.ClassCastException': 'java.lang.RuntimeException',
  'java.lang.ArithmeticException': 'java.lang.RuntimeException',
  'java.lang.IndexOutOfBoundsException': 'java.lang.RuntimeException',
  'java.lang.ArrayIndexOutOfBoundsException': 'java.lang.IndexOutOfBoundsException',
  'java.lang.StringIndexOutOfBoundsException': 'java.lang.IndexOutOfBoundsException',
  'java.util.NoSuchElementException': 'java.lang.RuntimeException',
  'java.util.ConcurrentModificationException': 'java.lang.RuntimeException',
  'groovy.lang.GroovyRuntimeException': 'java.lang.RuntimeException',
  'groovy.lang.MissingMethodException': 'groovy.lang.GroovyRuntimeException',
  'groovy.lang.MissingPropertyException': 'groovy.lang.GroovyRuntimeException',
  'groovy.lang.ReadOnlyPropertyException': 'groovy.lang.MissingPropertyException',
  'org.codehaus.groovy.runtime.typehandling.GroovyCastException': 'java.lang.ClassCastException',
  'java.io.IOException': 'java.lang.Exception',
  'java.lang.InterruptedException': 'java.lang.Exception',
  'java.text.ParseException': 'java.lang.Exception',
  'java.lang.AssertionError': 'java.lang.Error',
  'org.codehaus.groovy.runtime.powerassert.PowerAssertionError': 'java.lang.AssertionError',
  'java.lang.StackOverflowError': 'java.lang.VirtualMachineError',
  'java.lang.OutOfMemoryError': 'java.lang.VirtualMachineError',
  'java.lang.VirtualMachineError': 'java.lang.Error',
};

const BY_SIMPLE_NAME = new Map(Object.keys(PARENTS).map((name) => [name.slice(name.lastIndexOf('.') + 1), name]));
BY_SIMPLE_NAME.set('Throwable', 'java.lang.Throwable');

/** A signal of a script: control flow that is thrown by the thousand, so it takes no stack trace. */
abstract class ScriptSignal extends Error {
  constructor(message: string) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
  }
}

/** An exception that the script threw, by the name of its class. */
export class GroovyThrow extends ScriptSignal {
  readonly cls: string;
  readonly text: string | null;

  constructor(cls: string, text: string | null) {
    super(text ?? cls);
    this.name = 'GroovyThrow';
    this.cls = cls;
    this.text = text;
  }
}

/** weir cannot say what the script does from here: the rest of this path is opaque. Scripts cannot catch it. */
export class OpaqueSignal extends ScriptSignal {
  readonly code: OpaqueCode;
  readonly reason: string;
  range: TextRange | undefined;

  constructor(code: OpaqueCode, reason: string, range?: TextRange) {
    super(reason);
    this.name = 'OpaqueSignal';
    this.code = code;
    this.reason = reason;
    this.range = range;
  }
}

/** Full name of an exception class as written, where weir knows it. */
export function throwableName(written: string): string | undefined {
  if (written in PARENTS || written === 'java.lang.Throwable') return written;
  return written.includes('.') ? undefined : BY_SIMPLE_NAME.get(written);
}

/** Whether an exception of class `cls` is one of class `parent` (both full names). */
export function isThrowableA(cls: string, parent: string): boolean {
  let at: string | undefined = cls;
  while (at !== undefined) {
    if (at === parent) return true;
    at = PARENTS[at] ?? (at === 'java.lang.Throwable' ? undefined : 'java.lang.Exception');
  }
  return false;
}

/** Whether the script router lets it fail the call (an Error) rather than ignore the rule (an Exception). */
export function isJavaError(cls: string): boolean {
  return isThrowableA(cls, 'java.lang.Error');
}
