import { ERROR_CATALOGUE, isErrorCode } from '../errors/catalogue.ts';
import { EXIT_CODES } from '../errors/exit-codes.ts';

/** A text that `weir help NAME` prints. */
export interface HelpTopic {
  readonly name: string;
  readonly text: string;
}

const MESH_YAML = `mesh.yaml says which apps go through which sidecar. Default place: /etc/weir/mesh.yaml.

apiVersion: weir.dev/v1
sidecars:
  main:
    user: envoy                  # name or uid; never redirected (also group:)
    outbound: 15001              # where it accepts redirected outbound connections
    inbound: 15006
    admin: unix:/run/weir/main/admin.sock     # or http://127.0.0.1:15000
    # the rest only if weir runs it (weir sidecar run main)
    binary: /usr/local/lib/envoy/1.39.3/envoy
    bootstrap: /etc/weir/envoy.yaml
    concurrency: 1
    drain: 15s
    notify:                      # optional: tell the RPC SDK to stop sending on old connections
      consumer: {http: "http://127.0.0.1:9000/sdk/drain"}
      provider: {exec: ["/usr/local/bin/sdk-drain"]}
apps:
  payment:
    select: {user: payment}      # one of: user | users: [..] | group | slice: payment.slice | all: true
    sidecar: main
    outbound: {ports: [20880], exclude: {ports: [9092], cidrs: [10.0.0.0/8]}}   # omitted = everything
    inbound: {ports: [20880]}    # omitted = none
    onFailure: direct            # direct | deny
    lease: 3s                    # optional: interception lapses unless the supervisor renews it

Check a file:     weir config check --config FILE
Its JSON Schema:  weir config schema
`;

/** The names that `weir help` takes beside commands and error codes. */
export const HELP_TOPIC_NAMES = ['errors', 'exit-codes', 'mesh-yaml'] as const;

/** The text of a help topic or an error code (any case); undefined when there is none of that name. */
export function findHelpTopic(name: string): HelpTopic | undefined {
  if (name === 'exit-codes') return { name, text: exitCodesText() };
  if (name === 'errors') return { name, text: errorsText() };
  if (name === 'mesh-yaml') return { name, text: MESH_YAML };
  const code = name.toUpperCase();
  return isErrorCode(code) ? { name: code, text: errorText(code) } : undefined;
}

function exitCodesText(): string {
  const rows = Object.entries(EXIT_CODES).map(([code, meaning]) => `${code.padStart(4)}  ${meaning}`);
  return `Exit codes, the same with and without --json:\n\n${rows.join('\n')}\n`;
}

function errorsText(): string {
  const rows = Object.entries(ERROR_CATALOGUE).map(
    ([code, { exit, title }]) => `${code}  exit ${String(exit).padEnd(3)}  ${title}`,
  );
  return `Errors of weir; more on each with \`weir help CODE\`:\n\n${rows.join('\n')}\n`;
}

function errorText(code: keyof typeof ERROR_CATALOGUE): string {
  const { exit, explain, kind, title } = ERROR_CATALOGUE[code];
  const mends = {
    user: 'you, on the command line or in a file',
    host: 'whoever runs the host',
    child: 'whoever runs the host',
    bug: "weir's developers",
  };
  return `${code}: ${title}\n\n${wrap(explain)}\n\nExit code: ${exit} (${EXIT_CODES[exit]})\nWho can mend it: ${mends[kind]}\n`;
}

function wrap(text: string): string {
  return text.replace(/(?![^\n]{1,80}$)([^\n]{1,80})\s/g, '$1\n');
}
