import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from '../../../test/e2e/sidecar/sidecar-lab.ts';
import type { Arm } from './arm.ts';

/** `weir sidecar upgrade`, there and back again. */
export const weirArm: Arm = {
  name: 'weir',
  missing: async () => null,
  async start() {
    const lab = await SidecarLab.open({ drain: '15s' });
    await lab.run();
    let turn = 0;
    return {
      port: lab.port,
      upstream: lab.upstream,
      async upgrade() {
        const { json } = await lab.upgrade('--binary', turn++ % 2 === 0 ? NEW_ENVOY : OLD_ENVOY);
        if (json.result?.outcome !== 'settled') throw new Error(JSON.stringify(json));
        return { cut: json.result.requests.cut };
      },
      close: () => lab.close(),
    };
  },
};

/** The same sidecar and load, left alone: what the machine itself does to the latencies. */
export const noUpgradeArm: Arm = {
  name: 'no upgrade',
  missing: async () => null,
  async start(kind) {
    const running = await weirArm.start(kind);
    const upgrade = async () => {
      await new Promise((resolve) => setTimeout(resolve, 2500));
      return { cut: null };
    };
    return { ...running, upgrade };
  },
};
