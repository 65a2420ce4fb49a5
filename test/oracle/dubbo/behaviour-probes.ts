/** A question for each difference between the lines of Dubbo. */
import type { RoutingCall } from '../../../src/rules/case-file.ts';
import type { BehaviourId } from '../../../src/rules/read/router-behaviour.ts';
import type { RouterQuestion } from '../../../src/rules/usecases/ports.ts';
import { SAMPLE_APP, SAMPLE_SERVICE } from './router-sample.ts';

const providers = [
  { id: 'p1', host: '10.20.3.1', port: 20880, params: { region: 'hz', env: 'gray' } },
  { id: 'p2', host: '10.20.3.2', port: 20880, params: { 'dubbo.tag': 'own' } },
  { id: 'p3', host: '10.20.3.3', port: 20881, params: { region: 'sh' } },
  { id: 'p4', host: '169.254.1.1', port: 20880, params: {} },
];

function call(attachments: Record<string, string> = {}, params: Record<string, string> = {}): RoutingCall {
  return {
    service: SAMPLE_SERVICE,
    method: 'find',
    paramTypes: [],
    args: [],
    attachments,
    consumer: { application: 'web', host: '10.8.0.7', params },
  };
}

function condition(line: string, asked: RoutingCall, more = ''): RouterQuestion {
  const rule = `${more}force: true\nconditions:\n  - ${JSON.stringify(line)}\n`;
  return { kind: 'condition-yaml', rule, app: SAMPLE_APP, providers, calls: [asked] };
}

function tag(rule: string, asked: RoutingCall): RouterQuestion {
  return { kind: 'tag', rule, app: SAMPLE_APP, providers, calls: [asked] };
}

/** For each row of the table a question to which the lines that differ in it give different answers. */
export const BEHAVIOUR_PROBES: Readonly<Record<BehaviourId, RouterQuestion>> = {
  'missing-key-differs': condition('=> region != hz', call()),
  'attachments-read': condition('attachments[user] = tom => region = hz', call({ user: 'tom' })),
  'ranges-read': condition('timeout = 1~100 => region = hz', call({}, { timeout: '50' })),
  'missing-argument-is-text': condition('arguments[2] != a => region = hz', call()),
  'tag-match-read': tag(
    'configVersion: v3.0\ntags:\n  - name: gray\n    match:\n      - key: env\n        value: {exact: gray}\n',
    call({ 'dubbo.tag': 'gray' }),
  ),
  'untagged-avoids-own-tags': tag('tags:\n  - name: gray\n    addresses: ["10.20.3.1"]\n', call()),
  'tag-levels-read': tag('tags:\n  - name: gray\n    addresses: ["10.20.3.1"]\n', call({ 'dubbo.tag': 'gray|team1' })),
  'link-local-compared': tag('tags:\n  - name: gray\n    addresses: ["169.254.1.*"]\n', call({ 'dubbo.tag': 'gray' })),
  'text-fields-only': condition('=> region = hz', call(), 'key: 123\n'),
  'caller-forces-tag': tag(
    'tags:\n  - name: gray\n    addresses: ["1.2.3.4"]\n',
    call({ 'dubbo.tag': 'gray' }, { 'dubbo.force.tag': 'true' }),
  ),
  'newer-conditions-only': condition('=> region = hz', call(), 'configVersion: v3.1\n'),
  'flags-as-text': condition('=> region = hz', call(), 'runtime: "true"\n'),
};
