/** The beginning of off.sh, up to the facts. */
export const PANIC_HEAD = `#!/bin/sh
# The panic button of weir: sends new connections of applications direct, past their sidecars. Written by weir on.
# It needs this file and the firewall tool of the system, and nothing of weir.
#   sh off.sh          all applications
#   sh off.sh APP...   these
# Connections that are proxied now live on. Only "weir on" switches an application on again.
# Exit 0: direct, or was before. 1: one of IPv4 and IPv6 is still diverted. 2: unknown application, nothing was changed.
# 3: what was diverted still is (no rights, no tool, another namespace that is not found); nothing was changed.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin
LC_ALL=C
export PATH LC_ALL
`;
