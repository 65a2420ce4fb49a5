"""Servers and clients of one network namespace for the firewall contract.

Listens on the ports given as arguments, over both families, and greets each connection with its name and the port.
Reads one JSON command a line from stdin and answers each with one line: `open` connects as an account, from a cgroup,
in a child process of its own, and `say` sends a line over such a connection and tells whether the echo came back.
"""
import json
import os
import signal
import socket
import sys
import threading

name, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]


def serve(listener, port):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=echo, args=(connection, port), daemon=True).start()


def echo(connection, port):
    try:
        connection.sendall(f"{name} {port}\n".encode())
        while data := connection.recv(4096):
            connection.sendall(data)
    except OSError:
        pass


def listen(port):
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(128)
        threading.Thread(target=serve, args=(listener, port), daemon=True).start()


def client(command, control):
    """The child: becomes the account, connects, then echoes what it is told to."""
    lines = control.makefile("rw")
    try:
        if command.get("cgroup"):
            with open(os.path.join(command["cgroup"], "cgroup.procs"), "w") as procs:
                procs.write(str(os.getpid()))
        os.setgroups([])
        os.setresgid(*[command["gid"]] * 3)
        os.setresuid(*[command["uid"]] * 3)
        # Without a look-up of names: the account may not be allowed to load that part of Python.
        peer = socket.socket(socket.AF_INET6 if ":" in command["address"] else socket.AF_INET)
        peer.settimeout(10)
        peer.connect((command["address"], command["port"]))
        wire = peer.makefile("r")
        answer = {"greeting": wire.readline().strip(), "source": peer.getsockname()[1]}
    except OSError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), file=lines, flush=True)
    for line in lines:
        try:
            peer.sendall(line.encode())
            answer = {"alive": wire.readline() == line}
        except OSError as error:
            answer = {"alive": False, "error": str(error)}
        print(json.dumps(answer), file=lines, flush=True)


for port in ports:
    listen(port)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print(f"{name} is ready", flush=True)
clients = {}
for line in sys.stdin:
    command = json.loads(line)
    if command["do"] == "open":
        near, far = socket.socketpair()
        if os.fork() == 0:
            near.close()
            client(command, far)
            os._exit(0)
        far.close()
        clients[command["id"]] = near.makefile("rw")
    control = clients[command["id"]]
    if command["do"] == "say":
        print("still here?", file=control, flush=True)
    print("answer", command["number"], control.readline().strip(), flush=True)
