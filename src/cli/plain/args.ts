/** Stands in for `@oclif/core/args` where a command is loaded without oclif. */

/** A positional argument. */
export const string = (options: Readonly<Record<string, unknown>> = {}) => ({ ...options });
