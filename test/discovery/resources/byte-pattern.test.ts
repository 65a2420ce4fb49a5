/** Patterns over bytes, beside the same patterns over characters. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { bytePattern } from '../../../src/discovery/resources/byte-pattern.ts';
import { decimalPatterns } from '../../../src/discovery/resources/decimal-pattern.ts';

/** Bytes as characters of their own, which is how RE2 reads them in Latin-1 mode; halves of pairs as Java writes them. */
function bytesOf(text: string): string {
  return [...Array(text.length).keys()]
    .map((at) => {
      const code = text.charCodeAt(at);
      if (code < 0x80) return String.fromCharCode(code);
      if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
      return String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    })
    .join('');
}

const chars = fc.constantFrom('a', 'b', 'Z', '5', '-', '\n', '\u0085', 'é', '߿', 'ࠀ', '中', '\u2028', '\uffff', '😀');
const texts = fc.array(chars, { maxLength: 5 }).map((list) => list.join(''));
const atoms = fc.constantFrom(
  ...[
    'a',
    'é',
    '中',
    '[a-z]',
    '[^a]',
    '[\\s\\S]',
    '[é中b]',
    '[^\\n\\r\\x{0085}\\x{2028}\\x{2029}]',
    '\\d',
    '\\w',
    '\\W',
  ],
  ...['[^é]', '[a\\x{2028}]', '(?:a|中)', '\\x{2029}', '[\\x00-\\x7f]', '\\-', '[^\\w]', '\\S'],
);
const patterns = fc
  .array(fc.tuple(atoms, fc.constantFrom('', '*', '+', '?', '{2}', '{1,3}')), { minLength: 1, maxLength: 4 })
  .map((list) => list.map(([atom, count]) => atom + count).join(''));

describe('a pattern over bytes', () => {
  it('takes the texts that the pattern over characters takes', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        const bytes = bytePattern(pattern);
        assert.ok(bytes !== null);
        // JavaScript's \S leaves out more than RE2's.
        const unicode = pattern
          .replace(/\\x\{([0-9a-f]+)\}/g, '\\u{$1}')
          .replace(/(?<!s)\\S/g, '[^\\t\\n\\f\\r ]')
          .replaceAll('\\-', '-');
        const wanted = new RegExp(`^(?:${unicode})$`, 'u').test(text);
        assert.equal(new RegExp(`^(?:${bytes})$`).test(bytesOf(text)), wanted, `${pattern} as ${bytes}`);
      }),
      { numRuns: 20_000, seed: 20_261_128 },
    );
  });

  it('is ASCII, so that Envoy reads it the same in every mode', () => {
    fc.assert(
      fc.property(patterns, (pattern) => {
        assert.match(bytePattern(pattern) ?? '', /^[\x20-\x7e]*$/);
      }),
    );
  });

  it('is none for flags, assertions and named classes', () => {
    for (const pattern of ['(?i)a', '(?=a)', '\\bword', '\\p{L}', '[a', 'x{a}'])
      assert.equal(bytePattern(pattern), null);
  });
});

it('decimals of a range are those that Double.compare puts there', () => {
  const decimals = fc
    .tuple(fc.constantFrom('', '-'), fc.integer({ min: 0, max: 1200 }), fc.constantFrom('', '.5', '.05', '.25', '.999'))
    .map(([sign, whole, fraction]) => `${sign}${whole}${fraction}`);
  const bound = fc.option(
    decimals.filter((text) => text !== '-0'),
    { nil: null },
  );
  const values = fc.oneof(decimals, fc.constantFrom('0', '-0', 'NaN', 'Infinity', '-Infinity', '0.5', '-0.05'));
  fc.assert(
    fc.property(bound, fc.boolean(), bound, fc.boolean(), values, (min, minOpen, max, maxOpen, value) => {
      const order = (of: string, to: string) => {
        const [a, b] = [Number(of), Number(to)];
        if (a === b) return Object.is(a, -0) === Object.is(b, -0) ? 0 : Object.is(a, -0) ? -1 : 1;
        return a > b || Number.isNaN(a) ? 1 : -1;
      };
      const isAbove = min === null || order(value, min) > (minOpen ? 0 : -1);
      const isBelow = max === null || order(value, max) < (maxOpen ? 0 : 1);
      const all = decimalPatterns({ min, minOpen, max, maxOpen });
      assert.equal(
        all.every((pattern) => new RegExp(`^(?:${pattern})$`).test(value)),
        isAbove && isBelow,
      );
    }),
    { numRuns: 20_000, seed: 20_261_128 },
  );
});
