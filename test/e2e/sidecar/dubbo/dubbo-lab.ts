/** A lab with a real Dubbo consumer and providers. */
import { joinNamespaces, type LabNamespace, makeNamespace } from '../../lab/network-namespace.ts';
import { SidecarLab } from '../sidecar-lab.ts';
import { DubboPeer } from './dubbo-peer.ts';

/** One case: where the sidecar is that will be upgraded, and who has the SDK piece. */
export interface DubboCase {
  readonly side: 'consumer' | 'provider';
  readonly withSdk: boolean;
  /** False: the SDK piece is there and gets no notice. */
  readonly isTold?: boolean;
  readonly providers: 1 | 2;
  /** How the sidecar takes Dubbo: generic_proxy with its codec, or bytes. */
  readonly filter: 'dubbo' | 'tcp';
  readonly drain?: string;
  /** Calls a second, and how long the provider takes for one. */
  readonly rate?: number;
  readonly callMs?: number;
}

const CONSUMER = '10.78.0.1';
const PROVIDER = '10.78.0.2';
const PORTS = [20_880, 20_881] as const;
const OUTBOUND = 15_001;
const INBOUND = 15_006;
const QOS = { consumer: 22_222, provider: [22_223, 22_224] } as const;

/**
 * A consumer and one or two providers of a real Dubbo in two joined namespaces. Connections are redirected to a sidecar
 * with the bootstrap of `weir sidecar init`: on the consumer's side all of them, on the provider's side those to the
 * first provider. Everything goes with `close`.
 */
export class DubboLab {
  readonly sidecar: SidecarLab;
  readonly #case: DubboCase;
  readonly #namespaces: readonly LabNamespace[];
  readonly #peers: DubboPeer[] = [];
  #consumer: DubboPeer | null = null;

  private constructor(sidecar: SidecarLab, namespaces: readonly LabNamespace[], which: DubboCase) {
    this.sidecar = sidecar;
    this.#namespaces = namespaces;
    this.#case = which;
    process.on('exit', this.#leave);
  }

  // Also when the test or the bench is ended before its time.
  readonly #leave = () => {
    for (const namespace of this.#namespaces) namespace.remove();
  };

  static async open(which: DubboCase): Promise<DubboLab> {
    const [consumer, provider] = [await makeNamespace('dubbo-consumer'), await makeNamespace('dubbo-provider')];
    const host = which.side === 'consumer' ? consumer : provider;
    const sidecar = await SidecarLab.open({ drain: which.drain ?? '6s', enter: entering(host) });
    const lab = new DubboLab(sidecar, [consumer, provider], which);
    try {
      await joinNamespaces(
        { namespace: consumer, addresses: [`${CONSUMER}/24`] },
        { namespace: provider, addresses: [`${PROVIDER}/24`] },
      );
      await lab.#prepare(consumer, provider, host);
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  async #prepare(consumer: LabNamespace, provider: LabNamespace, host: LabNamespace): Promise<void> {
    const { side, withSdk, isTold = withSdk, providers, filter, rate = 500, callMs = 10 } = this.#case;
    const { sidecar } = this;
    const port = side === 'consumer' ? QOS.consumer : QOS.provider[0];
    await sidecar.configure({
      outbound: OUTBOUND,
      inbound: INBOUND,
      notify: isTold ? { [side]: { dubboQos: port } } : undefined,
    });
    const dubbo = filter === 'dubbo' ? ['--dubbo', PORTS.join(',')] : [];
    const written = await sidecar.weir('sidecar', 'init', 'main', '--force', '--no-ipv6', ...dubbo);
    if (written.code !== 0) throw new Error(JSON.stringify(written.json));
    await sidecar.run();
    await host.sh('nft -f -', side === 'consumer' ? OUTBOUND_RULES : INBOUND_RULES);
    const options = { withSdk, folder: sidecar.folder };
    const ports = PORTS.slice(0, providers);
    for (const [index, one] of ports.entries()) {
      const args = ['provider', String(one), String(QOS.provider[index])];
      this.#peers.push(await DubboPeer.start(args, { ...options, enter: entering(provider) }));
    }
    const urls = ports.map((one) => `dubbo://${PROVIDER}:${one}`).join(';');
    const args = ['consumer', urls, String(QOS.consumer), String(rate), String(callMs)];
    this.#consumer = await DubboPeer.start(args, { ...options, enter: entering(consumer) });
  }

  /** The consumer; its load begins with `begin`. */
  get consumer(): DubboPeer {
    if (this.#consumer === null) throw new Error('the consumer has not been started');
    return this.#consumer;
  }

  /** What the providers have executed together. */
  async executed(): Promise<{ readonly executed: number; readonly twice: number }> {
    const all = await Promise.all(this.#peers.map((peer) => peer.executed()));
    return {
      executed: all.reduce((sum, { executed }) => sum + executed, 0),
      twice: all.reduce((sum, { twice }) => sum + twice, 0),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#consumer, ...this.#peers].map((peer) => peer?.stop()));
    await this.sidecar.close();
    this.#leave();
    process.off('exit', this.#leave);
  }
}

// nsenter replaces itself by the command, so the child's number is the command's.
function entering(namespace: LabNamespace): readonly string[] {
  return ['nsenter', `--net=${namespace.path}`, '--'];
}

const OUTBOUND_RULES = `table ip lab {
  chain out {
    type nat hook output priority -100
    meta skuid != nobody ip daddr ${PROVIDER} tcp dport { ${PORTS.join(', ')} } redirect to :${OUTBOUND}
  }
}
`;

const INBOUND_RULES = `table ip lab {
  chain in {
    type nat hook prerouting priority -100
    iifname eth0 tcp dport ${PORTS[0]} redirect to :${INBOUND}
  }
}
`;
