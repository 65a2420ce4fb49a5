/** Values of mesh.yaml that say how an Envoy is launched. */
import { quoteValue, type ReadValue, refuseValue } from './yaml/field-value.ts';

/** A name of capabilities(7), as it may be written. */
export const CAPABILITY_JSON_PATTERN = '^[A-Za-z]+(_[A-Za-z]+)*$';

/** A variable of the environment. */
export const ENVIRONMENT_NAME_PATTERN = '^[A-Za-z_][A-Za-z0-9_]*$';

/** A SHA-256 in hexadecimal digits. */
export const SHA256_PATTERN = '^[0-9a-f]{64}$';

/** The flags of Envoy that weir sets, or that would keep it from replacing Envoy (`envoy --help`, 1.39 and 1.40). */
const OWN_FLAGS: ReadonlySet<string> = new Set([
  '-c',
  '--config-path',
  '--base-id',
  '--use-dynamic-base-id',
  '--base-id-path',
  '--restart-epoch',
  '--concurrency',
  '--cpuset-threads',
  '--drain-strategy',
  '--drain-time-s',
  '--parent-shutdown-time-s',
  '--admin-address-path',
  '--log-path',
  '--mode',
  '--socket-path',
  '--socket-mode',
  '--disable-hot-restart',
  '--skip-hot-restart-on-no-parent',
  '--skip-hot-restart-parent-stats',
]);

/** The first of these arguments that only weir itself may give; null when there is none. */
export function ownFlagAmong(args: readonly unknown[]): string | null {
  const found = args.find((arg) => typeof arg === 'string' && OWN_FLAGS.has(arg.split('=')[0] ?? ''));
  return typeof found === 'string' ? found : null;
}

/** `net_bind_service`, also as CAP_NET_BIND_SERVICE; the value has no prefix and small letters. */
export function readCapability(value: unknown): ReadValue<string> {
  const name = typeof value === 'string' ? value.toLowerCase().replace(/^cap_/, '') : '';
  if (new RegExp(CAPABILITY_JSON_PATTERN).test(name)) return { value: name };
  return refuseValue(
    `${quoteValue(value)} is not a capability`,
    'a capability is a name of capabilities(7)',
    'write for example net_bind_service',
  );
}

/** 64 hexadecimal digits. */
export function readSha256(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && new RegExp(SHA256_PATTERN).test(value)) return { value };
  return refuseValue(
    `${quoteValue(value)} is not a SHA-256`,
    'it has 64 hexadecimal digits in small letters',
    'take what `sha256sum FILE` prints',
  );
}
