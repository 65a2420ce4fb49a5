/** The error codes of the fleet. */
import type { CatalogueEntry } from './entry.ts';

/** WEIR16xx. */
export const FLEET_ERRORS = {
  WEIR1600: {
    title: 'an object of the store cannot be read',
    exit: 1,
    kind: 'user',
    explain:
      'A key of the region holds no object that this weir understands: torn JSON, another kind, an unknown key, or a newer apiVersion. It is left out of every decision: an application of which no other policy speaks stays as it is. `weir fleet status` names it; apply a good one over it.',
  },
  WEIR1601: {
    title: 'a file of the fleet has mistakes',
    exit: 2,
    kind: 'user',
    explain:
      'fleet.yaml or a file of objects has unknown keys, wrong values or a newer apiVersion. Every mistake is shown with its place. Nothing was written anywhere.',
  },
  WEIR1602: {
    title: 'a file of the fleet cannot be read',
    exit: 2,
    kind: 'user',
    explain:
      'The file that --fleet-config, WEIR_FLEET_CONFIG or the command line names is missing, too large or no UTF-8 text. Nothing was done.',
  },
  WEIR1603: {
    title: 'no region could be reached',
    exit: 3,
    kind: 'host',
    explain:
      'No store of the named regions answered in time, so nothing was changed and nothing will change later. On a host, `weir off` and off.sh work without any store.',
  },
  WEIR1604: {
    title: 'whether a write was carried out is not known',
    exit: 6,
    kind: 'host',
    explain:
      'A store took the request and did not answer in time: the change may be there or may come. `weir fleet status` and `weir fleet history` show it once the store answers. Running the command again is safe.',
  },
  WEIR1605: {
    title: 'an object was changed by somebody else',
    exit: 3,
    kind: 'user',
    explain:
      'The store holds another version of the object than the one that was to be replaced. No object of any file was written. Both versions are in the details; take the present one over, or leave metadata.resourceVersion out to replace it.',
  },
  WEIR1606: {
    title: 'a name that the fleet does not know',
    exit: 2,
    kind: 'user',
    explain:
      'No host of the regions that answered reports the application, host or release of that name, or fleet.yaml has no such region. Nothing was written anywhere.',
  },
  WEIR1607: {
    title: 'the red button is pressed',
    exit: 3,
    kind: 'user',
    explain:
      '`weir fleet off --all` holds every application off with the highest priority. `weir fleet on --all` releases it and switches on nothing that no policy wants. Nothing was changed.',
  },
  WEIR1608: {
    title: 'not every host confirmed in time',
    exit: 6,
    kind: 'host',
    explain:
      'The change is written, and hosts carry it out as they see it. Some had not confirmed when the time was over; they are named with the reason. `weir fleet status` shows how far they are.',
  },
  WEIR1609: {
    title: 'a rollout is in another state',
    exit: 3,
    kind: 'user',
    explain:
      'The verb does not fit the state of the release: only a running one can be paused or promoted, only a paused or stopped one resumed. Nothing was changed.',
  },
  WEIR1611: {
    title: 'fleet.yaml does not say who this host is',
    exit: 2,
    kind: 'user',
    explain: '`weir host run` needs the section `host` with the region of this host. Nothing was done.',
  },
  WEIR1612: {
    title: 'no host daemon runs here',
    exit: 3,
    kind: 'host',
    explain: 'The command is for the daemon of this host (`weir host run`), and none answers in the run directory.',
  },
  WEIR1613: {
    title: 'not everything became as desired in time',
    exit: 6,
    kind: 'host',
    explain:
      '`weir fleet status --wait` looked until the time was over. Nothing was changed; the details hold the last status, with the reason at each host.',
  },
  WEIR1614: {
    title: 'the console needs a terminal',
    exit: 2,
    kind: 'user',
    explain:
      '`weir console` reads keys and draws on the whole terminal. Programs and pipes take `weir fleet status --json`, `weir fleet on|off` and `weir fleet rollout`, which do the same.',
  },
} as const satisfies Record<`WEIR16${number}`, CatalogueEntry>;
