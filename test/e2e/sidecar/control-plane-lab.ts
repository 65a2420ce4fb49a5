/** A sidecar whose listeners, or endpoints, come from a control plane that a test can kill, freeze and empty. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADS_TYPES, AdsServer, endpointOf, tcpListener } from './ads-server.ts';
import { sidecarBootstrap } from './sidecar-bootstrap.ts';
import { type LabOptions, SidecarLab } from './sidecar-lab.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';

/** What the control plane sends, and Envoy's patience with it (`initial_fetch_timeout`; Envoy's own is 15 s). */
export interface ControlPlaneOptions extends LabOptions {
  readonly sends: 'listeners' | 'endpoints';
  readonly fetchTimeout?: string;
}

/** The lab and its control plane. */
export class ControlPlaneLab {
  readonly lab: SidecarLab;
  readonly ads: AdsServer;
  readonly #options: ControlPlaneOptions;
  #label = 0;

  private constructor(lab: SidecarLab, ads: AdsServer, options: ControlPlaneOptions) {
    this.lab = lab;
    this.ads = ads;
    this.#options = options;
  }

  static async open(options: ControlPlaneOptions): Promise<ControlPlaneLab> {
    const ads = await AdsServer.start();
    const lab = await SidecarLab.open(options);
    const opened = new ControlPlaneLab(lab, ads, options);
    opened.refill();
    await lab.configure({ bootstrap: await opened.writeBootstrap() });
    return opened;
  }

  /** Lets the control plane have everything again. */
  refill(): void {
    this.ads.resources.set(ADS_TYPES.lds, [tcpListener('main', this.lab.port, 'up')]);
    this.ads.resources.set(ADS_TYPES.eds, [endpointOf('up', this.lab.upstream.port)]);
  }

  /** Writes a bootstrap that differs from those before; resolves to its path. */
  async writeBootstrap(fetchTimeout = this.#options.fetchTimeout): Promise<string> {
    this.#label += 1;
    const path = join(this.lab.folder, `dynamic-${this.#label}.json`);
    const { sends } = this.#options;
    const source = {
      resource_api_version: 'V3',
      ads: {},
      ...(fetchTimeout === undefined ? {} : { initial_fetch_timeout: fetchTimeout }),
    };
    const { admin, static_resources: own } = sidecarBootstrap({
      port: this.lab.port,
      upstreamPort: this.lab.upstream.port,
      adminPath: join(this.lab.runDir, 'main', 'admin.sock'),
      accessLog: join(this.lab.runDir, 'main', 'access.log'),
      label: '',
    }) as { admin: object; static_resources: { listeners: object[]; clusters: object[] } };
    const up = { name: 'up', type: 'EDS', connect_timeout: '2s', eds_cluster_config: { eds_config: source } };
    const content = {
      node: { id: `dynamic-${this.#label}`, cluster: 'weir-test' },
      admin,
      dynamic_resources: {
        ads_config: {
          api_type: 'GRPC',
          transport_api_version: 'V3',
          grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
        },
        ...(sends === 'listeners' ? { lds_config: source, cds_config: source } : {}),
      },
      static_resources: {
        listeners: sends === 'listeners' ? [] : own.listeners,
        clusters: [...(sends === 'listeners' ? own.clusters : [up]), this.#cluster()],
      },
    };
    await writeFile(path, JSON.stringify(content));
    return path;
  }

  #cluster(): object {
    const address = { socket_address: { address: '127.0.0.1', port_value: this.ads.port } };
    return {
      name: 'xds',
      type: 'STATIC',
      connect_timeout: '1s',
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
      load_assignment: { cluster_name: 'xds', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    };
  }

  async close(): Promise<void> {
    await this.lab.close();
    await this.ads.kill().catch(() => {});
  }
}
