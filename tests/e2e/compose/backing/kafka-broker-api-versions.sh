#!/usr/bin/python3
"""Asks a broker which requests it understands, as the program of that name in Apache's image does: status 0 if it answers."""

import socket
import struct
import sys

host, port = sys.argv[sys.argv.index("--bootstrap-server") + 1].rsplit(":", 1)
with socket.create_connection((host, int(port)), 5) as broker:
    # ApiVersions, version 0, correlation 1, no client id: https://kafka.apache.org/protocol
    request = struct.pack(">hhih", 18, 0, 1, -1)
    broker.sendall(struct.pack(">i", len(request)) + request)
    answer = broker.makefile("rb")
    (length,) = struct.unpack(">i", answer.read(4))
    correlation, error = struct.unpack(">ih", answer.read(length)[:6])
sys.exit(0 if (correlation, error) == (1, 0) else 1)
