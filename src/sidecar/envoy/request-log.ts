/** The access logs of a bootstrap: which files there are, and whether cut requests can be counted in them. */
import { protoField, protoList, protoMessages } from './proto-json.ts';

/** The access logs of a bootstrap, as far as they show cut requests. */
export interface RequestLog {
  /** Files that access logs are written to, devices left out. */
  readonly files: readonly string[];
  /** The files in which every request that is cut has a line that says so. */
  readonly counting: readonly string[];
  /** Whether each of those lines names the other end of its connection. */
  readonly namesPeers: boolean;
  /** Why cut requests cannot be counted; null when they can. */
  readonly problem: string | null;
}

/** The field that a log format must hold: a request cut by the end of the process has no other sure sign. */
const DETAILS = '%RESPONSE_CODE_DETAILS%';

/** The peer of the connection itself; DOWNSTREAM_REMOTE_ADDRESS may come from a header. */
const PEER = '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%';

/** By name, or by its number in HttpConnectionManager.CodecType. The line of a request that is cut there (1.40) has no details. */
function takesHttp3(manager: unknown): boolean {
  const codec = protoField(manager, 'codec_type');
  return codec === 'HTTP3' || codec === 3;
}

function isType(value: unknown, name: string): boolean {
  const type = protoField(value, '@type');
  return typeof type === 'string' && type.endsWith(`.${name}`);
}

function isCounting(logger: unknown, config: unknown): boolean {
  const path = protoField(config, 'path');
  if (!isType(config, 'FileAccessLog') || typeof path !== 'string' || path.startsWith('/dev/')) return false;
  // A filter may drop the very lines that are counted.
  if (protoField(logger, 'filter') !== undefined) return false;
  return JSON.stringify(config).includes(DETAILS);
}

function problemOf(managers: readonly unknown[], hasDynamicListeners: boolean): string | null {
  if (hasDynamicListeners) return 'the access logs of listeners that the control plane sends are not known';
  if (managers.length === 0) return 'no listener of the bootstrap takes HTTP, so there are no requests to count';
  const overQuic = managers.find(takesHttp3);
  if (overQuic !== undefined)
    return `the HTTP listener ${nameOf(overQuic)} takes HTTP/3, whose cut requests have a line without a sign of it`;
  const isCounted = (manager: unknown) =>
    protoList(manager, 'access_log').some((logger) => isCounting(logger, protoField(logger, 'typed_config')));
  const silent = managers.find((manager) => !isCounted(manager));
  if (silent === undefined) return null;
  return `the HTTP listener ${nameOf(silent)} has no file access log without a filter whose format has ${DETAILS}`;
}

function nameOf(manager: unknown): string {
  return String(protoField(manager, 'stat_prefix') ?? '');
}

/** Reads all but `admin`, whose log has no requests of clients. */
export function readRequestLog(resources: unknown, hasDynamicListeners: boolean): RequestLog {
  const messages = [...protoMessages(resources)];
  const files = messages.flatMap((message) => {
    const path = protoField(message, 'path');
    return isType(message, 'FileAccessLog') && typeof path === 'string' && !path.startsWith('/dev/') ? [path] : [];
  });
  const managers = messages.filter((message) => isType(message, 'HttpConnectionManager'));
  const problem = problemOf(managers, hasDynamicListeners);
  const configs = managers.flatMap((manager) =>
    protoList(manager, 'access_log').flatMap((logger) => {
      const config = protoField(logger, 'typed_config');
      return isCounting(logger, config) ? [config] : [];
    }),
  );
  const counting = configs.map((config) => String(protoField(config, 'path')));
  return {
    files: [...new Set(files)].sort(),
    counting: problem === null ? [...new Set(counting)].sort() : [],
    namesPeers: configs.every((config) => JSON.stringify(config).includes(PEER)),
    problem,
  };
}
