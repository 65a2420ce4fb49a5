/** Reading of ss's output. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSocketListing } from '../../../../src/interception/adapters/connections/ss-output.ts';

const only = (line: string) => {
  const sockets = parseSocketListing(`${line}\n`);
  assert.equal(sockets.length, 1);
  return sockets[0];
};

test('a listener names its address, port, cgroup and processes', () => {
  assert.deepEqual(
    only(
      'LISTEN 1      128               0.0.0.0:15004            0.0.0.0:*     users:(("python3",pid=17144,fd=6)) uid:1000 ino:19318 sk:4 cgroup:/system.slice/app.service <-> cgroup:/system.slice/app.service         ',
    ),
    {
      state: 'LISTEN',
      local: { address: '0.0.0.0', port: 15004 },
      peer: { address: '0.0.0.0', port: 0 },
      uid: 1000,
      cgroup: 'system.slice/app.service',
      processes: [{ name: 'python3', pid: 17144 }],
      dualStack: false,
      transparent: null,
      device: null,
    },
  );
});

test('the dual-stack wildcard is told from the IPv6-only one', () => {
  const both = only('LISTEN 3 128 *:15001 *:* users:(("envoy",pid=4,fd=4)) ino:1 sk:a cgroup:/ v6only:0 <->');
  assert.deepEqual([both?.local, both?.dualStack], [{ address: '::', port: 15001 }, true]);
  const six = only('LISTEN 0 128 [::]:15003 [::]:* ino:1 sk:b cgroup:/ v6only:1 <->');
  assert.deepEqual([six?.local, six?.dualStack], [{ address: '::', port: 15003 }, false]);
});

test('zones are cut off, of link-local addresses and of sockets bound to a device', () => {
  const linkLocal = only('ESTAB  0 0 [fe80::1]%e0:15005 [fe80::1]:49602 ino:0 sk:e cgroup:unreachable:1 <->');
  assert.deepEqual(linkLocal?.local, { address: 'fe80::1', port: 15005 });
  const inside = only('ESTAB  0 0 [fe80::1%e0]:15005 [fe80::1]:49602 ino:0 sk:e <->');
  assert.deepEqual(inside?.local, { address: 'fe80::1', port: 15005 });
  assert.deepEqual([linkLocal?.device, inside?.device], ['e0', 'e0']);
  const bound = only('ESTAB 0 0 10.77.0.1%eth0:40000 10.77.0.2:8080 uid:20001 ino:9 sk:1 <->');
  assert.deepEqual([bound?.local.address, bound?.device], ['10.77.0.1', 'eth0']);
  assert.deepEqual(only('LISTEN 0 5 127.0.0.53%lo:53 0.0.0.0:* ino:9 sk:1 <->')?.local, {
    address: '127.0.0.53',
    port: 53,
  });
  assert.equal(only('LISTEN 0 5 *%eth0:53 *:* ino:9 sk:1 <->')?.dualStack, true);
});

test('IPv4-mapped addresses come out as IPv4', () => {
  const socket = only('ESTAB 0 0 [::ffff:127.0.0.1]:15001 [::ffff:10.77.0.1]:34902 ino:0 sk:f <->');
  assert.deepEqual(socket?.local, { address: '127.0.0.1', port: 15001 });
  assert.deepEqual(socket?.peer, { address: '10.77.0.1', port: 34902 });
});

test('no uid means root, no cgroup means unknown, and the root cgroup is the empty path', () => {
  assert.equal(only('ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 ino:5 sk:1 <->')?.uid, 0);
  assert.equal(only('ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 ino:5 sk:1 <->')?.cgroup, null);
  assert.equal(only('ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 ino:5 sk:1 cgroup:unreachable:1 <->')?.cgroup, null);
  assert.equal(only('ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 ino:5 sk:1 cgroup:/ <-> cgroup:/')?.cgroup, '');
});

test('every process that holds the socket is named once, whatever it is called', () => {
  const socket = only(
    'LISTEN 0 128 *:22 *:* users:(("a (b),\\" uid:7",pid=3,fd=4),("sshd",pid=9,fd=3),("sshd",pid=9,fd=5)) uid:33 ino:5 sk:1 cgroup:/my slice/x v6only:0 <->',
  );
  assert.deepEqual(socket?.processes, [
    { name: 'a (b),\\" uid:7', pid: 3 },
    { name: 'sshd', pid: 9 },
  ]);
  assert.equal(socket?.uid, 33);
  assert.equal(socket?.cgroup, 'my slice/x');
});

test('remarks and empty lines are skipped', () => {
  assert.deepEqual(parseSocketListing('Failed to find cgroup2 mount\n\nState Recv-Q Send-Q Local Peer\n'), []);
});
