"""A notify socket as systemd has one: prints what it is told, and lets go of barriers."""
import os
import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("listening", flush=True)
while True:
    message, descriptors, _, _ = socket.recv_fds(receiver, 4096, 8)
    for descriptor in descriptors:
        os.close(descriptor)
    for line in message.decode().splitlines():
        print(f"<{line}>", flush=True)
