/** A control plane that has the listeners of a bootstrap. */
import { readFile, writeFile } from 'node:fs/promises';
import { ADS_TYPES, AdsServer, divertedListener } from './ads-server.ts';

/** The listeners that mesh.yaml names, in front of the clusters that `weir sidecar init` wrote. */
const LISTENERS = [divertedListener('outbound', 15_001, 'outbound'), divertedListener('inbound', 15_006, 'inbound')];

/** Moves the listeners of a bootstrap to a control plane, which it starts. */
export async function serveListeners(bootstrap: string, fetchTimeout: string): Promise<AdsServer> {
  const path = `${bootstrap}.ads`;
  const ads = await AdsServer.start(path);
  ads.resources.set(ADS_TYPES.lds, LISTENERS);
  const content = JSON.parse(await readFile(bootstrap, 'utf8'));
  const source = { resource_api_version: 'V3', ads: {}, initial_fetch_timeout: fetchTimeout };
  const http2 = { explicit_http_config: { http2_protocol_options: {} } };
  const options = 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  content.static_resources.listeners = [];
  content.static_resources.clusters.push({
    name: 'xds',
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': { '@type': options, ...http2 },
    },
    load_assignment: {
      cluster_name: 'xds',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
    },
  });
  const service = { envoy_grpc: { cluster_name: 'xds' } };
  content.dynamic_resources = {
    ads_config: { api_type: 'GRPC', transport_api_version: 'V3', grpc_services: [service] },
    lds_config: source,
  };
  await writeFile(bootstrap, JSON.stringify(content));
  return ads;
}
