/**
 * Stands in for `@oclif/core/flags` where a command is loaded without oclif: the same definitions, without the code that
 * reads, checks and explains them.
 */

type Options = Readonly<Record<string, unknown>>;

/** A flag without a value. */
export const boolean = (options: Options = {}) => ({ ...options, type: 'boolean' as const });

/** A kind of flags with a value. */
export const custom =
  (defaults: Options = {}) =>
  (options: Options = {}) => ({ ...defaults, ...options, type: 'option' as const });

/** A flag whose value is one of some. */
export const option = (defaults: Options) => custom(defaults);

/** A flag with any value. */
export const string = custom();
