/** The text of the panic script. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PanicScriptFacts, renderPanicScript } from '../../../../src/interception/rules/panic/panic-script.ts';
import { ALL_TRAFFIC, appOf } from '../apps.ts';

const FACTS: PanicScriptFacts = {
  backend: 'nft',
  runDir: '/run/weir',
  netns: '',
  namespaceId: null,
  namespaceCookie: null,
  apps: [appOf('payment'), appOf('web', { slot: 2, inbound: ALL_TRAFFIC })],
  known: ['batch'],
};

/** The value of a variable of the script. */
function variable(script: string, name: string): string | undefined {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(script)?.[1];
}

test('the script knows all applications, and those that are on by name', () => {
  const script = renderPanicScript(FACTS);
  assert.equal(variable(script, 'known'), "'batch payment web'");
  assert.equal(variable(script, 'on'), "'payment web'");
  assert.ok(script.startsWith('#!/bin/sh\n'));
});

test('nft: each application adds its marks, those of both directions where both are diverted', () => {
  const marks = (app: string) =>
    [
      ...(new RegExp(`^${app}\\) (.*?) ;;$`, 'ms').exec(renderPanicScript(FACTS))?.[1] ?? '').matchAll(
        /0x[0-9a-f]{8}/g,
      ),
    ].flat();
  assert.deepEqual(marks('payment'), ['0x57000110']);
  assert.deepEqual(marks('web'), ['0x57000210', '0x57000220']);
  assert.match(renderPanicScript(FACTS), /comment "weir\/v1 app=web by=off\.sh"/);
});

test('iptables: each family has the chains of the applications that are on in it', () => {
  const onlyIpv4 = appOf('payment', { families: { ipv4: true, ipv6: false } });
  const script = renderPanicScript({ ...FACTS, backend: 'iptables-legacy', apps: [onlyIpv4] });
  const body = (name: string) => new RegExp(`^${name}\\(\\) \\{\n(.*?)^\\}`, 'ms').exec(script)?.[1] ?? '';
  assert.match(body('ip_switch'), /-I WEIR_O_0001 1 .* -j RETURN/);
  assert.doesNotMatch(body('ip6_switch'), /WEIR_/);
});

test('a namespace is found by its name, the number of a process, or a path', () => {
  const file = (netns: string) => variable(renderPanicScript({ ...FACTS, netns }), 'netns_file');
  assert.equal(file(''), "''");
  assert.equal(file('blue'), "'/run/netns/blue'");
  assert.equal(file('4711'), "'/proc/4711/ns/net'");
  assert.equal(file('/var/run/ns/x'), "'/var/run/ns/x'");
});

test('whatever a path holds stays one word of the shell', () => {
  const script = renderPanicScript({ ...FACTS, runDir: "/run/it's $(here)", netns: '/a b' });
  assert.equal(variable(script, 'run_dir'), `'/run/it'\\''s $(here)'`);
  assert.equal(variable(script, 'netns_file'), "'/a b'");
  assert.throws(() => renderPanicScript({ ...FACTS, runDir: '/run/\0' }), RangeError);
});
