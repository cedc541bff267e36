"""A stand-in for /dev/tpmrm0: a pseudo-terminal whose other end is a swtpm.

Usage: tpm-device.py SWTPM_SOCKET RECORDING

Prints the path of the device. Takes one command at a time from it, hands it to swtpm, and gives the
response back in one write. Everything that passes is appended to the recording. Ends when its
standard input does.
"""

import os
import select
import socket
import struct
import sys
import tty

HEADER_SIZE = 10


def read_message(read):
    """One command or response, whose header tells how long it is."""
    message = b""
    size = HEADER_SIZE
    while len(message) < size:
        piece = read(size - len(message))
        if not piece:
            raise EOFError
        message += piece
        if len(message) >= HEADER_SIZE:
            size = struct.unpack(">I", message[2:6])[0]
    return message


def main():
    server_path, recording_path = sys.argv[1:]
    # Our own hold on the device's end keeps it alive between two openers.
    controller, device = os.openpty()
    tty.setraw(device)
    tpm = socket.socket(socket.AF_UNIX)
    tpm.connect(server_path)
    with open(recording_path, "ab", buffering=0) as recording:
        print(os.ttyname(device), flush=True)
        while True:
            readable, _, _ = select.select([controller, sys.stdin], [], [])
            if sys.stdin in readable:
                return
            command = read_message(lambda count: os.read(controller, count))
            recording.write(command)
            tpm.sendall(command)
            response = read_message(tpm.recv)
            recording.write(response)
            os.write(controller, response)


main()
