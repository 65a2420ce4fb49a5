/** All error codes of weir, by number. */
import { BUG_ERRORS } from './catalogue/bug.ts';
import { DISCOVERY_ERRORS } from './catalogue/discovery.ts';
import { FLEET_ERRORS } from './catalogue/fleet.ts';
import { HOST_ERRORS } from './catalogue/host.ts';
import { INTERCEPTION_ERRORS } from './catalogue/interception.ts';
import { RULES_ERRORS } from './catalogue/rules.ts';
import { SIDECAR_ERRORS } from './catalogue/sidecar.ts';
import { USAGE_ERRORS } from './catalogue/usage.ts';

/** Who can fix an error; see the type itself. */
export type { ErrorKind } from './catalogue/entry.ts';

/**
 * Every error code of weir. A code is never reused: one that is no longer thrown stays here.
 * WEIR10xx usage and config, WEIR16xx fleet, WEIR20xx host, WEIR30xx interception, WEIR40xx sidecar, WEIR50xx rules, WEIR60xx
 * discovery, WEIR90xx our bug.
 */
export const ERROR_CATALOGUE = {
  ...USAGE_ERRORS,
  ...FLEET_ERRORS,
  ...HOST_ERRORS,
  ...INTERCEPTION_ERRORS,
  ...SIDECAR_ERRORS,
  ...RULES_ERRORS,
  ...DISCOVERY_ERRORS,
  ...BUG_ERRORS,
} as const;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** Whether a text is a code of the catalogue, exactly as written. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, text);
}
