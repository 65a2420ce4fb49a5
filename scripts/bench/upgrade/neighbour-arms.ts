import type { ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isInstalled } from '../../setup/packages.ts';
import type { Arm } from './arm.ts';
import type { TrafficKind } from './counted-load.ts';
import { hasEnded, ProxySite, until } from './proxy-site.ts';

const DRAIN_S = 15;

async function missingTool(tool: string): Promise<string | null> {
  return (await isInstalled(tool)) ? null : `${tool} is not installed (node scripts/setup.ts --only neighbours)`;
}

function nginxConfig(site: ProxySite, kind: TrafficKind): string {
  return `
daemon off; pid ${site.folder}/nginx.pid; error_log ${site.folder}/error.log; worker_processes 1;
worker_shutdown_timeout ${DRAIN_S}s;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000; keepalive_timeout 120s;
  client_body_temp_path ${site.folder}/body; proxy_temp_path ${site.folder}/proxy;
  fastcgi_temp_path ${site.folder}/fastcgi; uwsgi_temp_path ${site.folder}/uwsgi; scgi_temp_path ${site.folder}/scgi;
  upstream up { server 127.0.0.1:${site.upstream.port}; keepalive 64; }
  server {
    listen 127.0.0.1:${site.port}${kind === 'http2' ? ' http2' : ''};
    location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
                 proxy_read_timeout 60s; proxy_next_upstream off; }
  }
}
`;
}

/** The reload of nginx: new workers take the same sockets, old ones end what is under way. */
export const nginx: Arm = {
  name: 'nginx reload',
  missing: () => missingTool('nginx'),
  async start(kind) {
    const site = await ProxySite.open();
    const config = join(site.folder, 'nginx.conf');
    await writeFile(config, nginxConfig(site, kind));
    const master = site.start(['/usr/sbin/nginx', '-c', config, '-p', site.folder]);
    await site.untilAccepting();
    return {
      port: site.port,
      upstream: site.upstream,
      async upgrade() {
        const before = await childrenOf(master);
        master.kill('SIGHUP');
        await until('the old worker to end', async () => {
          const now = await childrenOf(master);
          return now.length > 0 && !before.some((pid) => now.includes(pid));
        });
        return { cut: null };
      },
      async close() {
        master.kill('SIGTERM');
        await until('nginx to end', () => hasEnded(master));
        await site.close();
      },
    };
  },
};

function haproxyConfig(site: ProxySite, kind: TrafficKind): string {
  return `
global
  stats socket ${site.folder}/admin.sock mode 600 level admin expose-fd listeners
  hard-stop-after ${DRAIN_S}s
  nbthread 1
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 120s
  retries 0
frontend in
  bind 127.0.0.1:${site.port}${kind === 'http2' ? ' proto h2' : ''}
  default_backend up
backend up
  server one 127.0.0.1:${site.upstream.port}
`;
}

/** haproxy with -x and -sf: the new process gets the listening sockets from the old one and tells it to finish. */
export const haproxy: Arm = {
  name: 'haproxy -x',
  missing: () => missingTool('haproxy'),
  async start(kind) {
    const site = await ProxySite.open();
    const config = join(site.folder, 'haproxy.cfg');
    await writeFile(config, haproxyConfig(site, kind));
    const start = (...more: readonly string[]): ChildProcess =>
      site.start(['/usr/sbin/haproxy', '-db', '-f', config, ...more]);
    let serving = start();
    await site.untilAccepting();
    return {
      port: site.port,
      upstream: site.upstream,
      async upgrade() {
        const old = serving;
        serving = start('-x', join(site.folder, 'admin.sock'), '-sf', String(old.pid));
        await until('the old process to end', () => hasEnded(old));
        return { cut: null };
      },
      close: () => site.close(),
    };
  },
};

async function childrenOf({ pid }: ChildProcess): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean);
}
