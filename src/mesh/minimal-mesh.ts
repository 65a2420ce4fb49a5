/** A small mesh.yaml to begin with, for hints and help: one sidecar that somebody else runs, one app. */
export const MINIMAL_MESH_YAML = `apiVersion: weir.dev/v1
sidecars:
  main:
    user: envoy
    outbound: 15001
    admin: http://127.0.0.1:15000
apps:
  payment:
    select: {user: payment}
    sidecar: main
`;
