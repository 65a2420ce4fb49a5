/** SidecarSets of releases, and the traps in SidecarSets: each with the trap and without it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { lintDocument, whitelistOf } from '../../../src/fleet/model/kruise/lint-sidecar-set.ts';
import { podStates } from '../../../src/fleet/model/kruise/pods.ts';
import {
  podsToMove,
  reachOfWave,
  renderSidecarSet,
  sidecarSetName,
  whyNotForPods,
} from '../../../src/fleet/model/kruise/sidecar-set.ts';
import type { TrapCode } from '../../../src/fleet/model/kruise/traps.ts';
import { isAsWanted, wantedSet } from '../../../src/fleet/model/kruise/wanted-set.ts';
import type { SidecarRelease } from '../../../src/fleet/model/object-schemas.ts';
import { parseObjects } from '../../../src/fleet/model/parse-objects.ts';
import { trapTopics } from '../../../src/fleet/text/help-shelf.ts';
import { lintFiles, lintSarif } from '../../../src/fleet/usecases/lint-files.ts';
import { renderObjects } from '../../../src/fleet/usecases/render-release.ts';
import { readYamlTree } from '../../../src/mesh/yaml/yaml-tree.ts';

const RELEASE = `apiVersion: weir.dev/v1
kind: SidecarRelease
metadata: {name: mesh.main}
spec:
  sidecar: main
  pods: {selector: {mesh: "on"}, namespaces: [prod]}
  version: {name: 1.40.0, image: "weir/envoy:1.40.0", emptyImage: "weir/empty:1"}
  waves: [{labels: {wave: a}}, {percent: 30}, {percent: 100}]
  budget: {maxUnavailable: 2}
`;

const GOOD = `apiVersion: apps.kruise.io/v1alpha1
kind: SidecarSet
metadata: {name: mesh}
spec:
  selector: {matchLabels: {mesh: "on"}}
  injectionStrategy: {revision: {customVersion: "1", policy: Partial}}
  updateStrategy: {maxUnavailable: 1, partition: 50%}
  containers:
    - name: sidecar
      image: sidecar:2.0
      env: [{name: A, value: "1"}]
      upgradeStrategy: {upgradeType: HotUpgrade, hotUpgradeEmptyImage: empty:1}
      lifecycle: {postStart: {exec: {command: [x]}}}
`;

function release(text = RELEASE): SidecarRelease {
  const parsed = parseObjects(text, 'r.yaml');
  assert.ok('objects' in parsed && parsed.objects[0]?.object.kind === 'SidecarRelease');
  return parsed.objects[0].object;
}

function codes(text: string, against = '', kruise = '1.8.0'): TrapCode[] {
  const context = { file: 'f', kruise, against: [against === '' ? null : parse(against)], whitelist: ['^mesh/'] };
  return lintDocument(readYamlTree(text), context).map(({ code }) => code);
}

describe('a SidecarSet of a release', () => {
  it('keeps all pods at wave 0, and what the wave does not reach later on', () => {
    const strategies = [0, 1, 2, 3].map((wave) => {
      const reach = reachOfWave(release(), wave);
      assert.ok(reach !== null);
      const { spec } = renderSidecarSet(release(), reach, '1.39.3') as unknown as {
        spec: { updateStrategy: Record<string, unknown>; injectionStrategy?: unknown };
      };
      return [spec.updateStrategy, spec.injectionStrategy !== undefined] as const;
    });
    const head = { type: 'RollingUpdate', maxUnavailable: 2 };
    assert.deepEqual(strategies, [
      [{ ...head, partition: '100%' }, true],
      [{ ...head, selector: { matchLabels: { wave: 'a' } } }, true],
      [{ ...head, partition: '70%' }, true],
      [{ ...head, partition: '0%' }, false],
    ]);
  });

  it('has no traps of its own, and is refused without an empty image', async () => {
    const render = (text: string, wave: number, former: string | null) =>
      renderObjects(parsed(text), { wave, former, namespace: 'ns', image: 'weir:1' }, async () => '');
    const { text, documents } = await render(RELEASE, 2, '1.39.3');
    assert.deepEqual(codes(text), []);
    assert.equal(documents.length, 1);
    assert.deepEqual(parseAllDocuments(text)[0]?.toJS(), documents[0]);
    assert.deepEqual(codes((await render(RELEASE, 2, null)).text), ['WF009']);
    const without = RELEASE.replace(', emptyImage: "weir/empty:1"', '');
    await assert.rejects(render(without, 0, null), /cannot be rendered/);
    await assert.rejects(render(RELEASE, 4, null), /no wave 4/);
  });

  it('with an image for it has the container that follows the fleet, as the golden document', async () => {
    const text = RELEASE.replace('emptyImage:', 'hostImage: "weir/host:1", emptyImage:');
    const rendered = await renderObjects(
      parsed(text),
      { wave: 2, former: '1.39.3', namespace: 'ns', image: 'weir:1' },
      async () => '',
    );
    const golden = new URL('../../fixtures/fleet/sidecarset-with-host.yaml', import.meta.url);
    assert.equal(rendered.text, readFileSync(golden, 'utf8'));
    assert.deepEqual(codes(rendered.text), []);
    assert.match(whyNotForPods(release(text.replace('sidecar: main', 'sidecar: host'))) ?? '', /another name/);
    assert.equal(whyNotForPods(release(RELEASE.replace('sidecar: main', 'sidecar: host'))), null);
  });

  it('counts pods as OpenKruise does', () => {
    assert.deepEqual(
      [podsToMove('100%', 4), podsToMove('70%', 4), podsToMove('99%', 4), podsToMove('0%', 4), podsToMove('50%', 1)],
      [0, 1, 1, 4, 0],
    );
    assert.equal(sidecarSetName('mesh.main_1'), 'mesh-main-1');
  });
});

function parsed(text: string) {
  const all = parseObjects(text, 'r.yaml');
  assert.ok('objects' in all);
  return all.objects;
}

describe('the traps of SidecarSets', () => {
  it('are not in a good one', () => assert.deepEqual(codes(GOOD), []));

  const CASES: readonly (readonly [code: TrapCode, from: string | RegExp, to: string])[] = [
    ['WF001', ', hotUpgradeEmptyImage: empty:1', ''],
    ['WF002', 'maxUnavailable: 1', 'maxUnavailable: 0%'],
    ['WF003', 'env: [{name: A, value: "1"}]', 'env: [{name: A, valeu: "1"}]'],
    ['WF003', '      image:', '      imagePolicy: x\n      image:'],
    ['WF004', 'lifecycle: {postStart: {exec: {command: [x]}}}', 'lifecycle: {preStop: {exec: {command: [x]}}}'],
    ['WF005', 'v1alpha1', 'v1beta1'],
    ['WF006', 'spec:', 'spec:\n  patchPodMetadata: [{annotations: {other/x: y}, patchPolicy: Retain}]'],
    ['WF009', /\n {2}injectionStrategy.*/, ''],
  ];
  for (const [code, from, to] of CASES) {
    it(`${code}: ${to.trim() || `without ${String(from)}`}`, () =>
      assert.deepEqual(codes(GOOD.replace(from, to)), [code]));
  }

  it('are judged by the version of OpenKruise and by what is allowed', () => {
    assert.deepEqual(codes(GOOD.replace('v1alpha1', 'v1beta1'), '', '1.9.0'), []);
    const patch = 'spec:\n  patchPodMetadata: [{annotations: {mesh/x: y}, patchPolicy: Retain}]';
    assert.deepEqual(codes(GOOD.replace('spec:', patch)), []);
    const data = { SidecarSet_PatchPodMetadata_WhiteList: '{"rules":[{"allowedAnnotationKeyExprs":["^a$"]}]}' };
    assert.deepEqual(whitelistOf({ kind: 'ConfigMap', metadata: { name: 'kruise-configuration' }, data }), ['^a$']);
  });

  it('WF007, WF008 and WF010 are in changes', () => {
    const back = GOOD.replace('sidecar:2.0', 'sidecar:1.9');
    assert.deepEqual(codes(back, GOOD), ['WF008']);
    assert.deepEqual(codes(back.replace('50%', '0'), GOOD), []);
    const start = GOOD.replace('sidecar:2.0', 'sidecar:2.1');
    assert.deepEqual(codes(start, GOOD.replace('50%', '100%')), [], 'a rollout that begins');
    assert.deepEqual(codes(start.replace('"1"}]', '"2"}]').replace('50%', '0'), GOOD), ['WF007']);
    assert.deepEqual(codes(GOOD, GOOD.replace('HotUpgrade', 'ColdUpgrade')), ['WF010']);
  });

  it('WF013 is in another set of containers, of a SidecarSet and of a release', () => {
    const more = GOOD.replace('  containers:\n', '  containers:\n    - {name: weir-host, image: "weir:1"}\n');
    assert.deepEqual([codes(more, GOOD), codes(GOOD, more), codes(more, more)], [['WF013'], ['WF013'], []]);
    const follows = RELEASE.replace('emptyImage:', 'hostImage: "weir:1", emptyImage:');
    assert.deepEqual([codes(follows, RELEASE), codes(RELEASE, follows)], [['WF013'], ['WF013']]);
    assert.deepEqual([codes(follows), codes(follows.replace('weir:1', 'weir:2'), follows)], [[], []]);
  });

  it('WF014 is in both images of a release at once', () => {
    const follows = RELEASE.replace('emptyImage:', 'hostImage: "weir:1", emptyImage:');
    const both = follows.replace('weir:1', 'weir:2').replace('envoy:1.40.0', 'envoy:1.41.0');
    assert.deepEqual([codes(both, follows), codes(both)], [['WF014'], []]);
    assert.deepEqual(codes(follows.replace('envoy:1.40.0', 'envoy:1.41.0'), follows), []);
  });

  it('WF011 and WF012 are in waves of releases', () => {
    const waves = (text: string) => codes(RELEASE.replace(/waves: .*/, `waves: ${text}`));
    assert.deepEqual(waves('[{percent: 10}, {percent: 100}]'), []);
    assert.deepEqual(waves('[{names: [a]}, {}]'), ['WF011']);
    assert.deepEqual(waves('[{labels: {a: b}, percent: 10}, {percent: 100}]'), ['WF011']);
    assert.deepEqual(waves('[{percent: 50}, {percent: 20}, {percent: 100}]'), ['WF012']);
    assert.deepEqual(waves('[{percent: 50}]'), ['WF012']);
  });

  it('have places, a page of help and a log in SARIF', async () => {
    const read = async (file: string) =>
      file === 'old' ? GOOD : GOOD.replace('maxUnavailable: 1', 'maxUnavailable: 0');
    const result = await lintFiles(['a b.yaml'], { against: 'old', kruise: '1.8.0' }, read);
    const [finding] = result.files[0]?.diagnostics ?? [];
    assert.deepEqual(finding?.location, { file: 'a b.yaml', line: 7, column: 20 });
    const { runs } = JSON.parse(lintSarif(result, '1.0.0'));
    assert.equal(runs[0].results[0].ruleId, 'WF002');
    assert.equal(runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri, 'a%20b.yaml');
    assert.match((await trapTopics.find('wf002'))?.text ?? '', /^WF002: maxUnavailable is 0/);
    await assert.rejects(
      lintFiles(['x'], { against: null, kruise: '1.8.0' }, async () => 'a: [b'),
      /x|mistake|YAML/,
    );
  });
});

describe('the pods of a SidecarSet', () => {
  const set = { metadata: { name: 'mesh', annotations: { 'kruise.io/sidecarset-hash': 'h' } } };
  const pod = (first: string, second: string, waiting?: string) => ({
    metadata: {
      ...{ name: 'p', namespace: 'prod' },
      annotations: { 'kruise.io/sidecarset-hash': JSON.stringify({ mesh: { hash: 'h' } }) },
    },
    spec: {
      containers: [
        { name: 'weir-main-1', image: first },
        { name: 'weir-main-2', image: second },
      ],
    },
    status: {
      conditions: [{ type: 'Ready', status: waiting === undefined ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'weir-main-1',
          ready: waiting === undefined,
          state: waiting === undefined ? {} : { waiting: { reason: waiting } },
        },
        { name: 'weir-main-2', ready: true, state: {} },
      ],
    },
  });
  const state = (...images: Parameters<typeof pod>) =>
    podStates(set, 'weir-main', [pod(...images)], { image: 'a:2', emptyImage: 'e:1' })[0];

  it('are settled with one image and one empty container, and not with two of the same kind', () => {
    assert.equal(state('e:1', 'a:2')?.isSettled, true);
    assert.equal(state('e:1', 'e:1')?.isSettled, false);
    assert.equal(state('a:3', 'a:2')?.isSettled, false);
  });

  const HASH_OF = JSON.stringify({ mesh: { hash: 'h' } });
  const withHost = (spec: string, status: Record<string, unknown>, last: object = {}) => {
    const one = pod('a:2', 'e:1');
    const annotations = {
      'kruise.io/sidecarset-hash': HASH_OF,
      'kruise.io/sidecarset-inplace-update-state': JSON.stringify({ mesh: { lastContainerStatuses: last } }),
    };
    const containers = [...one.spec.containers, { name: 'weir-host', image: spec }];
    const containerStatuses = [...one.status.containerStatuses, { name: 'weir-host', ready: true, ...status }];
    return {
      ...one,
      metadata: { ...one.metadata, annotations },
      spec: { containers },
      status: { ...one.status, containerStatuses },
    };
  };
  const images = { image: 'a:2', emptyImage: 'e:1', hostImage: 'w:2' };

  it('are settled when the kubelet runs what OpenKruise wrote, and not before', () => {
    const told = (one: ReturnType<typeof withHost>) => podStates(set, 'weir-main', [one], images)[0]?.unsettled;
    const last = { 'weir-host': { imageID: 'id-1' } };
    assert.equal(told(withHost('w:1', { image: 'w:1', imageID: 'id-1' })), 'container weir-host has not got its image');
    const waits = 'container weir-host does not run its new image yet';
    assert.equal(told(withHost('w:2', { image: 'w:1', imageID: 'id-1' }, last)), waits);
    assert.equal(told(withHost('w:2', { image: 'docker.io/w:2', imageID: 'id-2' }, last)), null);
    assert.equal(told(withHost('w:2', { image: 'docker.io/w:2', imageID: 'id-2' })), null, 'it was made with it');
    assert.equal(told(withHost('w:2', { ready: false })), 'container weir-host is not ready');
    const silent = withHost('w:2', {});
    silent.status.containerStatuses.pop();
    assert.equal(told(silent), 'of container weir-host its kubelet has said nothing yet');
    const torn = withHost('w:2', { imageID: 'id-2' });
    torn.metadata.annotations['kruise.io/sidecarset-inplace-update-state'] = '{"mesh"';
    assert.equal(told(torn), 'what OpenKruise noted of its images cannot be read');
  });

  it('that were made without a container of the SidecarSet are not moved, and named with it', () => {
    const upgradeStrategy = { upgradeType: 'HotUpgrade' };
    const spec = { containers: [{ name: 'weir-main', upgradeStrategy }, { name: 'weir-host' }] };
    const [without, has] = podStates({ ...set, spec }, 'weir-main', [pod('a:2', 'e:1'), withHost('w:2', {})], images);
    assert.deepEqual([without?.missing, has?.missing], [['weir-host'], []]);
    assert.match(without?.stuck ?? '', /made without weir-host/);
    assert.equal(has?.stuck, null);
  });

  it('that keep an image which never came up have the way out in their reason', () => {
    assert.match(state('a:3', 'a:2', 'ImagePullBackOff')?.error ?? '', /weir-main-1 keeps a:3, .*delete the pod/);
    assert.match(state('a:2', 'e:1', 'ImagePullBackOff')?.error ?? '', /^container weir-main-1: ImagePullBackOff/);
    const beside = pod('a:2', 'e:1');
    beside.status.containerStatuses.push({
      ...{ name: 'weir-host', ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } },
    });
    const [told] = podStates(set, 'weir-main', [beside], { image: 'a:2', emptyImage: 'e:1' });
    assert.equal(told?.error, 'container weir-host: CrashLoopBackOff');
    // On the way to a:2: the container that waits has the right image, the other one the former.
    assert.match(state('a:2', 'a:1', 'ImagePullBackOff')?.error ?? '', /^container weir-main-1: ImagePullBackOff/);
  });
});

it('each version has a custom version of its own, also under the same name; the same images have one', () => {
  const version = { name: '1.0', image: 'envoy:1.0', emptyImage: 'empty:1', hostImage: 'weir:1' };
  const spec = { sidecar: 'main', pods: { selector: { mesh: 'on' } }, waves: [{ percent: 50 }], gates: [], version };
  const of = (own: object) => ({ metadata: { name: 'mesh' }, spec: { ...spec, version: { ...version, ...own } } });
  const start = (own: object, startedAt: string, present: unknown) => {
    const rollout = { release: 'mesh', region: 'west', state: 'running' as const, wave: 0, reason: null, startedAt };
    const { document } = wantedSet(of(own) as never, rollout, present as never) ?? assert.fail();
    const { injectionStrategy } = document.spec as { injectionStrategy?: { revision: { customVersion: string } } };
    const custom = document.metadata.labels['apps.kruise.io/sidecarset-custom-version'];
    return { document, custom, former: injectionStrategy?.revision.customVersion ?? null };
  };
  const first = start({}, 't1', null);
  assert.deepEqual([first.custom, first.former], ['1.0', null]);
  const second = start({ hostImage: 'weir:2' }, 't2', first.document);
  assert.match(second.custom ?? '', /^1\.0\.[0-9a-f]{8}$/);
  assert.equal(second.former, '1.0');
  // Later looks at the same rollout, and its undo, say the same.
  const later = start({ hostImage: 'weir:2' }, 't2', second.document);
  assert.deepEqual([later.custom, later.former], [second.custom, '1.0']);
  const undoing = {
    release: 'mesh',
    region: 'west',
    state: 'undoing' as const,
    wave: 1,
    reason: null,
    startedAt: 't2',
  };
  const back = wantedSet(of({}) as never, undoing, second.document as never)?.document.metadata.labels;
  assert.equal(back?.['apps.kruise.io/sidecarset-custom-version'], '1.0');
  const third = start({ hostImage: 'weir:3' }, 't3', second.document);
  assert.deepEqual([third.custom, third.former], ['1.0', second.custom]);
  const same = start({ name: '1.1' }, 't2', first.document);
  assert.deepEqual([same.custom, same.former], ['1.0', '1.0'], 'OpenKruise has one revision for the same containers');
});

it('a SidecarSet from which OpenKruise left out what is false is as wanted; one that is paused or has a selector is not', () => {
  const release = {
    ...{ apiVersion: 'weir.dev/v1' as const, kind: 'SidecarRelease' as const, metadata: { name: 'mesh' } },
    spec: {
      ...{ sidecar: 'main', pods: { selector: { mesh: 'on' } }, waves: [{ percent: 100 }], gates: [] },
      version: { name: '1.0', image: 'envoy:1.0', emptyImage: 'empty:1' },
    },
  };
  const { version } = release.spec;
  const rollout = { release: 'mesh', region: 'west', state: 'running' as const, wave: 1, reason: null, version };
  const wanted = wantedSet(release as never, rollout, null)?.document;
  assert.ok(wanted !== undefined);
  const stored = structuredClone(wanted) as unknown as { spec: { updateStrategy: Record<string, unknown> } };
  assert.equal(stored.spec.updateStrategy.paused, false);
  delete stored.spec.updateStrategy.paused;
  assert.ok(isAsWanted(wanted, stored));
  for (const strategy of [{ paused: true }, { selector: { matchLabels: { wave: 'a' } } }, { maxUnavailable: 9 }]) {
    const other = {
      ...stored,
      spec: { ...stored.spec, updateStrategy: { ...stored.spec.updateStrategy, ...strategy } },
    };
    assert.ok(!isAsWanted(wanted, other), JSON.stringify(strategy));
  }
});
