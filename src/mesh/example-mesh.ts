/** A mesh.yaml with every key that most people need, for `weir help mesh-yaml` and the guide. */
export const EXAMPLE_MESH_YAML = `apiVersion: weir.dev/v1
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
      provider: {exec: ["/usr/local/bin/sdk-drain"]}        # or {dubboQos: 22222}
apps:
  payment:
    select: {user: payment}      # one of: user | users: [..] | group | slice: payment.slice | all: true
    sidecar: main
    outbound: {ports: [20880], exclude: {ports: [9092], cidrs: [10.0.0.0/8]}}   # left out = everything
    inbound: {ports: [20880]}    # left out = none, {} = every port
    onFailure: direct            # direct | deny
    lease: 3s                    # optional: interception lapses unless the supervisor renews it
`;
