"""A PC/SC client on libpcsclite: one JSON request a line on standard input, one answer a line.

It shares no code with what it tests, and speaks extended APDUs of any length.
"""

import ctypes
import json
import sys

LIBRARY = ctypes.CDLL("libpcsclite.so.1")
# Structures of libpcsclite that hold the protocol's parameters.
T1 = ctypes.addressof(ctypes.c_char.in_dll(LIBRARY, "g_rgSCardT1Pci"))
DWORD = ctypes.c_ulong
SHARED, PROTOCOL_T1, SCOPE_SYSTEM = 2, 2, 2
DISPOSITIONS = {"leave": 0, "reset": 1, "unpower": 2}
LARGEST_RESPONSE = 65536 + 2


class PcscError(Exception):
    pass


def call(name, *arguments):
    result = getattr(LIBRARY, name)(*arguments) & 0xFFFFFFFF
    if result:
        raise PcscError(f"{name}: {result:08X}")


class Client:
    def __init__(self):
        self.context = ctypes.c_long()
        self.card = ctypes.c_long()
        call("SCardEstablishContext", DWORD(SCOPE_SYSTEM), None, None, ctypes.byref(self.context))

    def connect(self, reader):
        protocol = DWORD()
        call("SCardConnect", self.context, reader.encode(), DWORD(SHARED), DWORD(PROTOCOL_T1),
             ctypes.byref(self.card), ctypes.byref(protocol))

    def reconnect(self, how):
        protocol = DWORD()
        call("SCardReconnect", self.card, DWORD(SHARED), DWORD(PROTOCOL_T1),
             DWORD(DISPOSITIONS[how]), ctypes.byref(protocol))

    def disconnect(self, how):
        call("SCardDisconnect", self.card, DWORD(DISPOSITIONS[how]))

    def begin(self):
        call("SCardBeginTransaction", self.card)

    def end(self):
        call("SCardEndTransaction", self.card, DWORD(DISPOSITIONS["leave"]))

    def transmit(self, apdu):
        command = bytes.fromhex(apdu)
        response = ctypes.create_string_buffer(LARGEST_RESPONSE)
        length = DWORD(LARGEST_RESPONSE)
        call("SCardTransmit", self.card, ctypes.c_void_p(T1), command, DWORD(len(command)), None,
             response, ctypes.byref(length))
        return response.raw[: length.value].hex().upper()

    def attribute(self, tag):
        value = ctypes.create_string_buffer(300)
        length = DWORD(len(value))
        call("SCardGetAttrib", self.card, DWORD(tag), value, ctypes.byref(length))
        return value.raw[: length.value].hex().upper()


def main():
    client = Client()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": getattr(client, request["call"])(*request["arguments"])}
        except PcscError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


main()
