import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readBootstrapFacts } from '../../src/upgrade/bootstrap-facts.ts';

const YAML = `
admin: { address: { pipe: { path: /run/weir/main/admin.sock, mode: 384 } } }
static_resources:
  listeners:
  - name: out
    address: { socket_address: { address: 127.0.0.1, port_value: 15001 } }
    additional_addresses:
    - address: { socket_address: { address: "::1", port_value: 15001 } }
    filter_chains:
    - filters:
      - typed_config:
          access_log:
          - typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: /var/log/out.log
          - typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: /dev/stdout
  - name: udp
    address: { socket_address: { protocol: UDP, address: 0.0.0.0, port_value: 53 } }
`;

describe('reading a bootstrap', () => {
  it('finds the admin, every TCP address of every listener, and the log files', () => {
    assert.deepEqual(readBootstrapFacts(YAML), {
      admin: 'unix:/run/weir/main/admin.sock',
      listeners: ['127.0.0.1:15001', '[::1]:15001'],
      accessLogs: ['/var/log/out.log'],
    });
  });

  it('takes JSON, and a TCP admin', () => {
    const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 9901 } } };
    assert.equal(readBootstrapFacts(JSON.stringify({ admin }))?.admin, 'http://127.0.0.1:9901');
  });

  it('gives null for what is no YAML, instead of guessing', () => {
    assert.equal(readBootstrapFacts('a: [b'), null);
    assert.equal(readBootstrapFacts('plain words'), null);
  });
});
