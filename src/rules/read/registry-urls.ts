/** Provider URLs as a registry or dubbo-admin shows them, as the providers of a case. */

/** A provider as a case file has it. */
export interface RegistryProvider {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly params: Readonly<Record<string, string>>;
}

const URL_START = /^[a-z][a-z0-9+.-]*(?::\/\/|%3A%2F%2F)/i;

/**
 * Providers of a text with one `dubbo://host:port/interface?key=value` a line, or of a JSON list of such URLs. A URL
 * may be encoded as a whole, as ZooKeeper stores it. Null where the text is neither. An address with several interfaces
 * is one provider. If a parameter differs between them, the first value counts.
 */
export function readRegistryUrls(text: string): RegistryProvider[] | null {
  const urls = listOf(text);
  if (urls === null || urls.length === 0) return null;
  const found = new Map<string, RegistryProvider>();
  for (const raw of urls) {
    const provider = readProviderUrl(raw);
    if (provider === null) return null;
    const known = found.get(provider.id);
    const params = known === undefined ? provider.params : { ...provider.params, ...known.params };
    found.set(provider.id, { ...provider, params });
  }
  return [...found.values()];
}

function listOf(text: string): string[] | null {
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) {
    try {
      const json: unknown = JSON.parse(trimmed);
      return Array.isArray(json) && json.every((item) => typeof item === 'string') ? json : null;
    } catch {
      // dubbo-admin and zkCli print a list without quotes: [dubbo%3A%2F%2F..., dubbo%3A%2F%2F...].
      const bare = trimmed.slice(1, trimmed.endsWith(']') ? -1 : undefined).split(/,\s*/);
      return bare.every((item) => URL_START.test(item.trim())) ? bare.map((item) => item.trim()) : null;
    }
  }
  const lines = trimmed.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.every((line) => URL_START.test(line.trim())) ? lines.map((line) => line.trim()) : null;
}

function readProviderUrl(raw: string): RegistryProvider | null {
  const text = /^[a-z][a-z0-9+.-]*%3A%2F%2F/i.test(raw) ? decoded(raw) : raw;
  const match = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/?]*@)?(\[[^\]]+\]|[^:/?]+)(?::(\d+))?(?:\/[^?]*)?(?:\?(.*))?$/i.exec(
    text ?? '',
  );
  const host = match?.[1];
  if (host === undefined) return null;
  const params: Record<string, string> = {};
  for (const pair of (match?.[3] ?? '').split('&')) {
    const at = pair.indexOf('=');
    if (at > 0) params[pair.slice(0, at)] = decoded(pair.slice(at + 1)) ?? pair.slice(at + 1);
  }
  const port = Number(match?.[2] ?? 0);
  return port > 65_535 ? null : { id: `${host}:${port}`, host: host.replace(/^\[|\]$/g, ''), port, params };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
