"""The part of `redis-cli` that the health check needs, where it isn't installed: `-h HOST -p PORT ping`."""

import socket
import sys

_, _, host, _, port, command = sys.argv
with socket.create_connection((host, int(port)), timeout=2) as broker:
    broker.sendall(f"{command}\r\n".encode())
    print(broker.recv(256).decode().removeprefix("+"), end="")
