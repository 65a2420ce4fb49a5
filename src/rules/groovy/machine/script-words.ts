/** Names that mean something in every script, and literals. */
import type { Expression, ExpressionOf } from '../syntax/ast.ts';
import { parseDecimal } from '../values/decimal.ts';
import { decimal, floating, integral, type JavaNumber } from '../values/java-number.ts';

/** Methods that printing scripts use; what they write is dropped. */
export const PRINTERS = new Set(['println', 'print', 'printf']);
/** Variables that the router gives every script. */
export const ROUTER_BINDING = new Set(['invokers', 'invocation', 'context']);
/** Properties that every script or closure has. */
export const OWN_PROPERTIES = new Set([
  'binding',
  'metaClass',
  'class',
  'property',
  'owner',
  'delegate',
  'thisObject',
  'directive',
  'resolveStrategy',
  'parameterTypes',
  'maximumNumberOfParameters',
  'properties',
  'out',
]);
/** Whether an expression is `System.out` or `System.err`. */
export function isSystemStream(node: Expression): boolean {
  if (node.kind !== 'property' || node.object.kind !== 'name' || node.object.name !== 'System') return false;
  return node.name.kind === 'string' && (node.name.value === 'out' || node.name.value === 'err');
}

/** An expression without its parentheses. */
export function bare(node: Expression): Expression {
  return node.kind === 'paren' ? bare(node.value) : node;
}

/** The value of a number literal. */
export function literalNumber(node: ExpressionOf<'number'>): JavaNumber {
  // Groovy 2.4 compiles the literal -0.0d to 0.0.
  if (node.cls === 'Double' || node.cls === 'Float') return floating(node.cls, Number(node.text) || 0);
  if (node.cls === 'BigDecimal') return decimal(parseDecimal(node.text) ?? { unscaled: 0n, scale: 0 });
  return integral(node.cls, BigInt(node.text));
}
