/** Members of the SDK's objects, and the random sources of a script. */
import type { RoutingProvider } from '../../case-file.ts';
import type { MachineCalls } from '../machine/machine-calls.ts';
import { NULL_CLASS } from '../values/class-mask.ts';
import { javaInt } from '../values/java-number.ts';
import { type HostValue, isKind, type Value } from '../values/values.ts';
import { type Found, MISSING } from './missing.ts';

/** A method of an object of the SDK: invoker, its URL, the invocation, the context. */
export function callHostMethod(m: MachineCalls, self: HostValue, name: string, args: readonly Value[]): Found {
  switch (self.type) {
    case 'invoker':
      return invokerMember(m, self, getter(name) ?? name, name);
    case 'url':
      return urlMethod(m, self, name, args);
    case 'params':
      return paramsMethod(m, self, name, args);
    case 'invocation':
    case 'context':
      return invocationMethod(m, self.type, name, args);
    case 'attachments':
      return attachmentsMethod(m, name, args);
    case 'random':
      return randomMethod(m, name, args);
    case 'enum':
      if (name === 'name' || name === 'toString') return self.name;
      if (name === 'equals') return m.equalsDeep(self, args[0] ?? null);
      return MISSING;
    case 'bean':
      return beanMethod(m, self, name);
    default:
      return MISSING;
  }
}

/** A property of an object of the SDK. */
export function hostProperty(m: MachineCalls, self: HostValue, name: string): Found {
  switch (self.type) {
    case 'invoker':
      return invokerMember(m, self, name, name);
    case 'url':
      return urlProperty(m, self, name);
    case 'params':
      return param(m, self, name);
    case 'attachments':
      return m.read({ t: 'attachment', key: name });
    case 'invocation':
    case 'context':
      return invocationProperty(m, self.type, name);
    case 'bean':
      return beanField(m, self, name);
    default:
      return MISSING;
  }
}

/** The property behind a getter: `getUrl` is `url`, `isAvailable` is `available`. */
export function getter(name: string): string | undefined {
  const match = /^(?:get|is)([A-Z].*)$/.exec(name);
  const rest = match?.[1];
  return rest === undefined ? undefined : rest.charAt(0).toLowerCase() + rest.slice(1);
}

type Of = Extract<HostValue, { of: number | 'each' }>;

function providerOf(m: MachineCalls, self: Of): RoutingProvider | undefined {
  return self.of === 'each' ? undefined : m.world.providers[self.of];
}

function invokerMember(m: MachineCalls, self: Of, property: string, name: string): Found {
  if (property === 'url') return { ...self, type: 'url' };
  if (property === 'available') return m.read({ t: 'available' }, providerOf(m, self));
  if (property === 'interface') return { kind: 'class', name: symbolOrText(m.read({ t: 'service' })) };
  if (name === 'equals' || name === 'hashCode') return MISSING;
  return MISSING;
}

function symbolOrText(value: Value): string | Extract<Value, { kind: 'symbol' }> {
  return isKind(value, 'symbol') ? value : String(value);
}

function urlProperty(m: MachineCalls, self: Of, name: string): Found {
  const provider = providerOf(m, self);
  if (name === 'host' || name === 'ip') return name === 'host' ? m.read({ t: 'host' }, provider) : MISSING;
  if (name === 'port') return m.read({ t: 'port' }, provider);
  if (name === 'address') return m.read({ t: 'address' }, provider);
  if (name === 'parameters') return { ...self, type: 'params' };
  if (name === 'serviceInterface') return m.read({ t: 'service' });
  return MISSING;
}

function urlMethod(m: MachineCalls, self: Of, name: string, args: readonly Value[]): Found {
  if (name === 'getParameter') return parameter(m, self, args);
  if (name === 'hasParameter') {
    const value = param(m, self, m.text(args[0] ?? null));
    return m.truth(value);
  }
  const property = getter(name);
  return property !== undefined && args.length === 0 ? urlProperty(m, self, property) : MISSING;
}

function param(m: MachineCalls, self: Of, key: Value): Value {
  if (typeof key !== 'string')
    return m.opaque('provider-relation', 'the name of a provider parameter depends on the call');
  return m.read({ t: 'param', key }, providerOf(m, self));
}

/** `getParameter(key)` and `getParameter(key, fallback)`, where an empty value counts as missing. */
function parameter(m: MachineCalls, self: Of, args: readonly Value[]): Found {
  const key = m.text(args[0] ?? null);
  if (args.length === 1) return param(m, self, key);
  const fallback = m.resolve(args[1] ?? null);
  if (typeof fallback === 'string') {
    if (typeof key !== 'string') return param(m, self, key);
    return m.read({ t: 'param', key, fallback }, providerOf(m, self));
  }
  const value = param(m, self, key);
  if (!m.truth(value)) return fallback;
  if (isKind(fallback, 'number') && fallback.cls === 'Integer') return m.apply('parseInt', [value]);
  if (isKind(fallback, 'number') && fallback.cls === 'Long') return m.apply('parseLong', [value]);
  if (typeof fallback === 'boolean') return m.invoke(value, 'equalsIgnoreCase', ['true']);
  return fallback === null ? value : MISSING;
}

function paramsMethod(m: MachineCalls, self: Of, name: string, args: readonly Value[]): Found {
  const key = m.text(args[0] ?? null);
  if (name === 'get' || name === 'getAt') {
    const value = param(m, self, key);
    if (args.length === 1 || !isNull(m, value)) return value;
    return args[1] ?? null;
  }
  if (name === 'getOrDefault') {
    const value = param(m, self, key);
    return isNull(m, value) ? (args[1] ?? null) : value;
  }
  return name === 'containsKey' ? !isNull(m, param(m, self, key)) : MISSING;
}

function isNull(m: MachineCalls, value: Value): boolean {
  const known = m.resolve(value);
  return isKind(known, 'symbol') ? m.isOf(known, NULL_CLASS) : known === null;
}

function invocationProperty(m: MachineCalls, type: 'invocation' | 'context', name: string): Found {
  switch (name) {
    case 'methodName':
      return m.read({ t: 'method' });
    case 'attachments':
    case 'objectAttachments':
      return { kind: 'host', type: 'attachments' };
    case 'arguments':
      return m.world.call
        ? m.list(
            m.world.call.args.map((_, index) => m.read({ t: 'arg', index })),
            'array',
          )
        : { kind: 'lazy-list', of: 'args', past: 'throw' };
    case 'parameterTypes':
      return m.world.call
        ? m.list(
            m.world.call.paramTypes.map((type) => ({ kind: 'class', name: type }) as const),
            'array',
          )
        : { kind: 'lazy-list', of: 'param-classes', past: 'throw' };
    case 'serviceName':
    case 'targetServiceUniqueName':
      return name === 'serviceName' && type === 'invocation' ? m.read({ t: 'service' }) : MISSING;
    case 'localHost':
      return type === 'context' ? m.read({ t: 'callerHost' }) : MISSING;
    default:
      return MISSING;
  }
}

function invocationMethod(
  m: MachineCalls,
  type: 'invocation' | 'context',
  name: string,
  args: readonly Value[],
): Found {
  if (name === 'getAttachment' || name === 'getObjectAttachment') {
    const key = m.text(args[0] ?? null);
    if (typeof key !== 'string') return m.opaque('unsupported', 'the name of an attachment depends on the call');
    const value = m.read({ t: 'attachment', key });
    if (args.length === 1) return value;
    return m.truth(value) ? value : (args[1] ?? null);
  }
  if (/^(?:set|remove|add|clear)/.test(name) || name === 'put') {
    if (m.symbolic) return m.opaque('side-effect', `${name}() changes what later filters and the provider see`);
    return null;
  }
  const property = getter(name);
  return property !== undefined && args.length === 0 ? invocationProperty(m, type, property) : MISSING;
}

function attachmentsMethod(m: MachineCalls, name: string, args: readonly Value[]): Found {
  const key = m.text(args[0] ?? null);
  if (/^(?:put|remove|clear|set)/.test(name)) {
    return m.symbolic ? m.opaque('side-effect', 'attachments are changed') : null;
  }
  if (typeof key !== 'string') return m.opaque('unsupported', 'the name of an attachment depends on the call');
  const value = m.read({ t: 'attachment', key });
  if (name === 'get' || name === 'getAt') return args.length === 1 || !isNull(m, value) ? value : (args[1] ?? null);
  if (name === 'getOrDefault') return isNull(m, value) ? (args[1] ?? null) : value;
  return name === 'containsKey' ? !isNull(m, value) : MISSING;
}

/** `nextInt(n)` and the like: each of the values is equally likely. */
function randomMethod(m: MachineCalls, name: string, args: readonly Value[]): Found {
  const bound = m.resolve(args[0] ?? null);
  if (m.inEach) return m.opaque('random', 'a random number is drawn for each provider');
  const id = m.nextDraw();
  if (name === 'nextInt' && isKind(bound, 'number')) {
    const size = Number(bound.value);
    if (args.length === 2) return MISSING;
    if (size <= 0) return m.fail('java.lang.IllegalArgumentException', 'bound must be positive');
    if (size > 10_000) return m.opaque('random', 'a draw out of more than 10,000 values');
    return { kind: 'random', id, values: Array.from({ length: size }, (_, i) => javaInt(i)) };
  }
  if (name === 'nextBoolean') return { kind: 'random', id, values: [true, false] };
  if (name === 'nextDouble' || name === 'nextFloat') return uniformDraw(id);
  return isKind(bound, 'size')
    ? m.opaque('provider-order', 'a random provider is chosen')
    : m.opaque('random', `${name}() of a random source`);
}

/** `Math.random()` to four digits: shares are exact for bounds of up to four digits. */
export function uniformDraw(id: number): Value {
  return {
    kind: 'random',
    id,
    values: Array.from({ length: 10_000 }, (_, i) => ({ kind: 'number', cls: 'Double', value: i / 10_000 }) as const),
  };
}

/** A field of a bean; one that its class has but the call does not give is null. */
function beanField(m: MachineCalls, self: Extract<HostValue, { type: 'bean' }>, name: string): Found {
  if (Object.hasOwn(self.fields, name)) return self.fields[name] ?? null;
  const shape = m.world.types?.[self.cls];
  return shape && 'fields' in shape && Object.hasOwn(shape.fields, name) ? null : MISSING;
}

function beanMethod(m: MachineCalls, self: Extract<HostValue, { type: 'bean' }>, name: string): Found {
  const property = getter(name);
  return property === undefined ? MISSING : beanField(m, self, property);
}
