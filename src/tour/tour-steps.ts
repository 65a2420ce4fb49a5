/** The steps of the tour, in their order. */
import type { TourAnswer, WeirRun } from './tour-lab.ts';
import type { TourContext, TourFinding, TourStep } from './tour-step.ts';
import { showUpgrade } from './upgrade-step.ts';

/** How many times a rule swap is tried under load. */
const SWAPS = 12;

/** The steps in their order; each relies on what the ones before it left. */
export const TOUR_STEPS: readonly TourStep[] = [
  { title: 'before weir: both applications go direct', run: showDirect },
  { title: 'on: new connections of payment go through Envoy', run: showOn },
  { title: 'the other application is still direct', run: showOther },
  { title: 'off lets new connections go direct; the old stream lives on both sides', run: showStream },
  { title: `${SWAPS} rule swaps under load: nothing leaks past Envoy`, run: showSwaps },
  { title: '--confirm: the kernel ends it by itself, no weir alive', run: showConfirm },
  { title: 'Envoy killed: sh off.sh, and traffic is direct again', run: showPanic },
  { title: 'Envoy replaced under load: no request lost', run: showUpgrade },
  { title: 'uninstall: the host is as it was', run: showUninstall },
  { title: 'a Groovy routing script becomes documents, proven equal to it', run: showRules },
];

async function showDirect(tour: TourContext): Promise<TourFinding> {
  await tour.lab.addForeignRules();
  tour.untouched = await tour.lab.firewallListing();
  const payment = await tour.lab.request('payment');
  const report = await tour.lab.request('report');
  // Opened before ON: the step that switches off later finds it whole.
  tour.stream = await tour.lab.openStream('payment');
  return {
    commands: [],
    measured: [
      `payment: ${answerText(payment)}`,
      `report: ${answerText(report)}`,
      'a stream of numbers is open, direct',
    ],
    ok: payment.ok && !payment.viaEnvoy && report.ok && !report.viaEnvoy,
  };
}

async function showOn(tour: TourContext): Promise<TourFinding> {
  const logged = await tour.lab.accessLogLines('payment');
  const on = await tour.lab.weir(['on', 'payment']);
  const answer = await tour.lab.request('payment');
  const lines = await waitFor(
    tour,
    async () => (await tour.lab.accessLogLines('payment')) - logged,
    (count) => count > 0,
    3000,
  );
  const stream = await streamState(tour);
  const proof = firstApp(on)?.proof as { ipv4?: string; ipv6?: string } | undefined;
  return {
    commands: [on.command],
    measured: [
      `rules changed in ${msOf(on, 'apply')} ms, proven by packets: IPv4 ${proof?.ipv4 ?? '?'}, IPv6 ${proof?.ipv6 ?? '?'}`,
      `payment: ${answerText(answer)}; Envoy's access log has ${lines} new line`,
      `the stream that was open before: ${stream.text}`,
      ...failureOf(on),
    ],
    ok: on.exit === 0 && answer.ok && answer.viaEnvoy && lines === 1 && stream.whole,
  };
}

async function showOther(tour: TourContext): Promise<TourFinding> {
  const report = await tour.lab.request('report');
  const status = await tour.lab.weir(['status']);
  const apps = (status.result.apps as { name: string; state: string }[] | undefined) ?? [];
  return {
    commands: [status.command],
    measured: [`report: ${answerText(report)}`, `status: ${apps.map((app) => `${app.name} ${app.state}`).join(', ')}`],
    ok: report.ok && !report.viaEnvoy && apps.find((app) => app.name === 'payment')?.state === 'on',
  };
}

async function showStream(tour: TourContext): Promise<TourFinding> {
  const direct = tour.stream;
  const proxied = await tour.lab.openStream('payment');
  await tour.clock.sleep(300, tour.signal);
  const off = await tour.lab.weir(['off', 'payment', '--existing', 'keep']);
  const answer = await tour.lab.request('payment');
  await tour.clock.sleep(700, tour.signal);
  const [old, young] = [await direct?.state(), await proxied.state()];
  const kept = (firstApp(off)?.connections as { proxied?: number } | undefined)?.proxied ?? 0;
  await proxied.close();
  return {
    commands: [off.command],
    measured: [
      `direct again in ${msOf(off, 'apply')} ms; payment: ${answerText(answer)}`,
      `stream opened before ON: ${old?.received ?? 0} numbers, ${old?.gaps ?? 0} missing, ${old?.ended ?? 'open'}`,
      `stream opened while ON: ${young.received} numbers, ${young.gaps} missing, ${young.ended ?? 'open'} (weir counted ${kept} proxied)`,
      ...failureOf(off),
    ],
    ok:
      off.exit === 0 &&
      answer.ok &&
      !answer.viaEnvoy &&
      old?.gaps === 0 &&
      old.ended === null &&
      young.gaps === 0 &&
      young.ended === null &&
      kept === 1,
  };
}

async function showSwaps(tour: TourContext): Promise<TourFinding> {
  const on = await tour.lab.weir(['on', 'payment']);
  const load = await tour.lab.startLoad('payment', 5);
  const commands = new Set<string>();
  let failures = 0;
  for (let swap = 0; swap < SWAPS && !tour.signal.aborted; swap += 1) {
    // Each switch of the other application swaps the table that payment is diverted by.
    const run = await tour.lab.weir(swap % 2 === 0 ? ['on', 'report'] : ['off', 'report', '--existing', 'keep']);
    commands.add(run.command);
    if (run.exit !== 0) failures += 1;
  }
  const { sent, viaEnvoy, direct, failed } = await load.stop();
  return {
    commands: [on.command, ...commands],
    measured: [
      `${sent} connections of payment during ${SWAPS} swaps: ${viaEnvoy} through Envoy, ${direct} leaked, ${failed} failed`,
      ...failureOf(on),
    ],
    ok: on.exit === 0 && failures === 0 && direct === 0 && failed === 0 && sent === viaEnvoy && sent > 0,
  };
}

async function showConfirm(tour: TourContext): Promise<TourFinding> {
  const off = await tour.lab.weir(['off', 'payment', '--existing', 'keep']);
  const on = await tour.lab.weir(['on', 'payment', '--confirm', '3s']);
  const began = tour.clock.now();
  const first = await tour.lab.request('payment');
  const killed = await tour.lab.killWeir();
  await waitFor(
    tour,
    () => tour.lab.request('payment'),
    (answer) => answer.ok && !answer.viaEnvoy,
    8000,
  );
  const seconds = (tour.clock.now() - began) / 1000;
  const status = await tour.lab.weir(['status', 'payment']);
  const app = firstApp(status) as { state?: string; reason?: string } | undefined;
  return {
    commands: [off.command, on.command, status.command],
    measured: [
      `${killed} weir processes alive; first through Envoy: ${first.viaEnvoy ? 'yes' : 'no'}`,
      `direct by itself ${seconds.toFixed(1)} s after the command returned (asked for 3 s from the change)`,
      `status: ${app?.state ?? '?'} (${app?.reason ?? '-'})`,
      ...failureOf(on),
    ],
    ok: on.exit === 0 && first.viaEnvoy && seconds <= 4.5 && app?.state === 'off',
  };
}

async function showPanic(tour: TourContext): Promise<TourFinding> {
  const on = await tour.lab.weir(['on', 'payment']);
  await tour.lab.killEnvoy();
  const broken = await tour.lab.request('payment');
  const panic = await tour.lab.panic('payment');
  const answer = await tour.lab.request('payment');
  return {
    commands: [on.command, 'kill -9 ENVOY', panic.command],
    measured: [
      `with Envoy dead: ${answerText(broken)}`,
      `off.sh took ${panic.ms} ms; payment: ${answerText(answer)}`,
      ...failureOf(on),
    ],
    ok: on.exit === 0 && !broken.ok && panic.exit === 0 && answer.ok && !answer.viaEnvoy,
  };
}

async function showUninstall(tour: TourContext): Promise<TourFinding> {
  const stream = await streamState(tour);
  await tour.stream?.close();
  const gone = await tour.lab.weir(['uninstall', '--existing', 'cut']);
  const after = await tour.lab.firewallListing();
  const same = after === tour.untouched;
  return {
    commands: [gone.command],
    measured: [
      `the first stream, open all the time: ${stream.text}`,
      same
        ? `nft list ruleset, iptables-save and iptables-legacy-save: ${after.split('\n').length} lines, all as before the tour`
        : 'the listing differs from the one before the tour',
      ...failureOf(gone),
    ],
    ok: gone.exit === 0 && same && stream.whole,
  };
}

async function showRules(tour: TourContext): Promise<TourFinding> {
  // A real Groovy would be asked where there is one: the tour is the same on every machine.
  const given = ['pricing.groovy', '--case', 'case.json', '--oracle', 'none'];
  const convert = await tour.lab.weir(['rules', 'convert', ...given, '--out', 'mesh']);
  const verify = await tour.lab.weir(['rules', 'verify', ...given, '--rules', 'mesh']);
  const [script] = (convert.result.scripts as ConvertedScript[] | undefined) ?? [];
  const [verified] = (verify.result.scripts as { comparedCalls: number }[] | undefined) ?? [];
  const rules = script?.rules ?? [];
  // A rule to which no call comes needs no entry and no proof.
  const decisive = rules.filter((rule) => rule.state !== 'none');
  const proved = decisive.filter((rule) => rule.state === 'converted' && rule.verdict === 'proved').length;
  return {
    commands: [convert.command, verify.command],
    measured: [
      `pricing.groovy: ${decisive.length} rules decide calls, ${proved} proved, in ${Math.round(convert.ms)} ms; the script was read, not run`,
      ...decisive.slice(0, 3).map(({ id, line, verdict, fidelity }) => `${id} (line ${line}): ${verdict}, ${fidelity}`),
      `written: ${script?.outputs.join(', ') ?? 'nothing'}`,
      `read back: ${verified?.comparedCalls ?? 0} calls compared, ${String(verify.result.disagreements ?? '?')} rules differ`,
      ...failureOf(convert),
      ...failureOf(verify),
    ],
    ok:
      convert.exit === 0 &&
      verify.exit === 0 &&
      proved > 0 &&
      proved === decisive.length &&
      script?.outputs.length === 3 &&
      (verified?.comparedCalls ?? 0) > 0,
  };
}

/** What the step reads of `weir rules convert --json`. */
interface ConvertedScript {
  readonly rules: readonly {
    readonly id: string;
    readonly line: number;
    readonly verdict: string;
    readonly fidelity: string;
    readonly state: string;
  }[];
  readonly outputs: readonly string[];
}

async function streamState(tour: TourContext): Promise<{ readonly text: string; readonly whole: boolean }> {
  const state = await tour.stream?.state();
  if (state === undefined) return { text: 'was not opened', whole: false };
  const whole = state.gaps === 0 && state.ended === null && state.received > 0;
  return { text: `${state.received} numbers, ${state.gaps} missing, ${state.ended ?? 'still open'}`, whole };
}

async function waitFor<T>(
  tour: TourContext,
  look: () => Promise<T>,
  good: (value: T) => boolean,
  timeoutMs: number,
): Promise<T> {
  const end = tour.clock.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (good(value) || tour.clock.now() >= end || tour.signal.aborted) return value;
    await tour.clock.sleep(50, tour.signal);
  }
}

function answerText(answer: TourAnswer): string {
  if (!answer.ok) return `fails (${answer.detail})`;
  return `${answer.viaEnvoy ? 'through Envoy' : 'direct'} (${answer.ms} ms)`;
}

function firstApp(run: WeirRun): Record<string, unknown> | undefined {
  return (run.result.apps as Record<string, unknown>[] | undefined)?.[0];
}

function msOf(run: WeirRun, part: string): string {
  const ms = (run.result.ms as Record<string, number> | undefined)?.[part];
  return ms === undefined ? '?' : ms.toFixed(1);
}

function failureOf(run: WeirRun): string[] {
  return run.error === null ? [] : [`failed: ${run.error}`];
}
