/** Which providers Envoy cannot serve: their connections are passed on as they are. */

/** A random token is a UUID a provider, which balancing would present to the wrong one; a fixed one is the same for all. */
const RANDOM_TOKEN = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Why connections to a provider with these parameters cannot be read by Envoy, or null. Its Dubbo filter reads Hessian2 only and
 * closes a connection with all its calls at anything else; an argument callback has no way back through it.
 */
export function straightReason(protocol: string, params: Readonly<Record<string, string>>): string | null {
  if (params['ssl-enabled'] === 'true') return 'TLS';
  if (protocol === 'dubbo') {
    const serialization = params.serialization ?? params['prefer.serialization']?.split(',')[0]?.trim() ?? 'hessian2';
    if (serialization !== '' && serialization !== 'hessian2') return `serialization ${serialization}`;
    const callback = Object.keys(params).find((key) => /^.+\.\d+\.callback$/.test(key) && params[key] === 'true');
    if (callback !== undefined) return `argument callback ${callback}`;
  }
  return RANDOM_TOKEN.test(params.token ?? '') ? 'a random token' : null;
}
