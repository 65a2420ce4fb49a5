/** A test of a route in words, for people. */
import type { EnvoyTest, EnvoyText } from '../../rules/targets/envoy/envoy-test.ts';

/** `method is a or b and attachment tag begins with "x"`. */
export function describeTest(test: EnvoyTest): string {
  if ('all' in test) return test.all.map((one) => nested(one)).join(' and ');
  if ('any' in test) return test.any.map((one) => nested(one)).join(' or ');
  if ('not' in test) return `not (${describeTest(test.not)})`;
  return 'method' in test ? `method ${textOf(test.method)}` : `${test.attachment} ${textOf(test.text)}`;
}

function nested(test: EnvoyTest): string {
  return 'all' in test || 'any' in test ? `(${describeTest(test)})` : describeTest(test);
}

function textOf(text: EnvoyText): string {
  if ('in' in text) return `is ${text.in.map((one) => JSON.stringify(one)).join(' or ')}`;
  if ('prefix' in text) return `begins with ${JSON.stringify(text.prefix)}`;
  if ('suffix' in text) return `ends with ${JSON.stringify(text.suffix)}`;
  if ('contains' in text) return `contains ${JSON.stringify(text.contains)}`;
  if ('regex' in text) return `matches /${text.regex}/`;
  if ('present' in text) return 'is there';
  if ('residue' in text) {
    const spans = text.residue.spans.map(([min, max]) => (min === max ? min : `${min} to ${max}`)).join(' or ');
    return `% ${text.residue.modulus} is ${spans}`;
  }
  const { min, minOpen, max, maxOpen } = text.number;
  const parts = [
    ...(min === null ? [] : [`${minOpen ? '>' : '>='} ${min}`]),
    ...(max === null ? [] : [`${maxOpen ? '<' : '<='} ${max}`]),
  ];
  return parts.length === 0 ? 'is a number' : parts.join(' and ');
}
