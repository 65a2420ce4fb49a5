/** Readers of single values below `registries` and `discovery`. */
import type { RegistryServer } from './discovery-config.ts';
import { quoteValue, type ReadValue, refuseValue } from './yaml/field-value.ts';

/** What a server looks like, for the JSON Schema; `readServer` decides. */
export const SERVER_PATTERN = '^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9_.-]+):[0-9]{1,5}$';

/** What a node path looks like: no empty part. Dubbo takes its `group` with and without the slash, so both ends may have one. */
export const NODE_PATH_PATTERN = '^/?[^/\\p{Cc}]+(/[^/\\p{Cc}]+)*/?$';

/** The same, or the root of the tree: Dubbo takes the group `/`. */
export const ROOT_PATH_PATTERN = `^/$|${NODE_PATH_PATTERN}`;

/** What a share looks like. */
export const PERCENT_PATTERN = '^[0-9]{1,3}%$';

/** `HOST:PORT`, with brackets around an IPv6 address. */
export function readServer(value: unknown): ReadValue<RegistryServer> {
  const refuse = (why: string) =>
    refuseValue(`${quoteValue(value)} is not a server`, why, 'write HOST:PORT, for example 127.0.0.1:2181');
  const match = typeof value === 'string' ? new RegExp(SERVER_PATTERN).exec(value) : null;
  if (match === null || typeof value !== 'string') return refuse('it is not of the form HOST:PORT');
  const port = Number(value.slice(value.lastIndexOf(':') + 1));
  if (port < 1 || port > 65_535) return refuse('a port is a number from 1 to 65535');
  return { value: { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port } };
}

/** The path of a node in a registry; the value is absolute, as `/dubbo`. */
export function readNodePath(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && new RegExp(NODE_PATH_PATTERN, 'u').test(value))
    return { value: `/${value.replace(/^\/|\/$/g, '')}` };
  return refuseValue(
    `${quoteValue(value)} is not the path of a node`,
    'it names at least one node, and none of its parts is empty',
    'write for example /dubbo',
  );
}

/** The path of a node or of the tree's root; the value is what paths below it begin with, so '' for `/`. */
export function readRootPath(value: unknown): ReadValue<string> {
  return value === '/' ? { value: '' } : readNodePath(value);
}

/** A share from 1 % to 100 %; the value is the number. */
export function readPercent(value: unknown): ReadValue<number> {
  const percent = typeof value === 'string' && new RegExp(PERCENT_PATTERN).test(value) ? Number.parseInt(value, 10) : 0;
  if (percent >= 1 && percent <= 100) return { value: percent };
  return refuseValue(`${quoteValue(value)} is not a share`, 'a share is a number from 1 to 100 and %', 'write 50%');
}

/** `unix:/PATH`; the value is the path. sun_path holds 108 bytes, the closing NUL included: unix(7). */
export function readSocketPath(value: unknown): ReadValue<string> {
  const refuse = (why: string) =>
    refuseValue(`${quoteValue(value)} is not a socket`, why, 'write unix:/run/weir/discovery.sock');
  if (typeof value !== 'string' || !/^unix:\/[^\p{Cc}]+$/u.test(value))
    return refuse('it is not of the form unix:/PATH');
  const path = value.slice('unix:'.length);
  return Buffer.byteLength(path) > 107 ? refuse('the path of a socket has at most 107 bytes') : { value: path };
}

/** A name of an application, interface, label, unit or namespace: one line without blanks at its ends. */
export function readWord(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && /^[^\s\p{Cc},]+$/u.test(value)) return { value };
  const hint = typeof value === 'number' ? `put it into quotes: "${value}"` : 'write one word';
  return refuseValue(`${quoteValue(value)} is not a name`, 'a name is a text without blanks and commas', hint);
}
