/** The meaning of an empty group of providers, for targets that cannot express the script's own. */

/**
 * `keep`: such calls stay with the script. `all`: they go to every provider. `deny`: they fail. A target writes what it can:
 * Dubbo gives all providers where a subset is empty, the proxies none.
 */
export const WHEN_EMPTY = ['keep', 'all', 'deny'] as const;

/** One of WHEN_EMPTY. */
export type WhenEmpty = (typeof WHEN_EMPTY)[number];

const MARK = '# when empty: ';

/** The line in the head of documents that were written so. */
export function whenEmptyLine(whenEmpty: WhenEmpty): string {
  return whenEmpty === 'all'
    ? `${MARK}all; where no provider of a group is present, and where the script denies a call, every provider is called`
    : `${MARK}deny; where no provider of a group is present the call fails, though the script falls back`;
}

/** The choice that the head of documents records. */
export function whenEmptyOf(text: string): WhenEmpty {
  const line = text.split('\n', 20).find((one) => one.startsWith(MARK));
  return WHEN_EMPTY.find((word) => word !== 'keep' && line?.startsWith(`${MARK}${word};`) === true) ?? 'keep';
}
