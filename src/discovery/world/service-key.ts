/** The key of a Dubbo service: interface, group and version, as registries and SDKs write it. */

/** One service. Group and version are '' where none is set. */
export interface ServiceKey {
  readonly interface: string;
  readonly group: string;
  readonly version: string;
}

/** `group/interface:version`, parts that are '' left out: the text by which Dubbo matches a call to a provider. */
export function formatServiceKey({ interface: name, group, version }: ServiceKey): string {
  return `${group === '' ? '' : `${group}/`}${name}${version === '' ? '' : `:${version}`}`;
}

/**
 * Reads `[group/]interface[:version]`. Dubbo writes 0.0.0 for "no version" in some places (Constants.DEFAULT_VERSION):
 * both mean the same.
 */
export function parseServiceKey(text: string): ServiceKey {
  const slash = text.indexOf('/');
  const rest = slash === -1 ? text : text.slice(slash + 1);
  const colon = rest.indexOf(':');
  const version = colon === -1 ? '' : rest.slice(colon + 1);
  return {
    interface: colon === -1 ? rest : rest.slice(0, colon),
    group: slash === -1 ? '' : text.slice(0, slash),
    version: version === '0.0.0' ? '' : version,
  };
}
