"""``python -m tests.rpc.attacks.flood VERB FD…``: asks on all these connections as fast as they are answered.

A process of its own, so that it takes the interpreter of nobody whose patience is measured. It ends with its standard
input, and says how many answers it got.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import sys

from rpyc.core import brine, consts

from hotd.contract.frames import framed
from tests.support.attacker import ROOT_REF, boxed, value


def main(text: str, *descriptors: str) -> None:
    arguments = boxed(ROOT_REF, value(text), value(()), value(()))
    request = framed(bytes((consts.MSG_REQUEST,)) + brine.dump((1, (consts.HANDLE_CALLATTR, arguments))))
    answers = 0
    with selectors.DefaultSelector() as ready:
        for descriptor in descriptors:
            sock = socket.socket(fileno=int(descriptor))
            sock.setblocking(True)
            with contextlib.suppress(ConnectionError):  # it had to go for a newer one
                sock.sendall(request)
                ready.register(sock, selectors.EVENT_READ, sock)
        sys.stdout.write("asking\n")
        sys.stdout.flush()
        ready.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.data is None:
                    os.read(0, 1)
                    sys.stdout.write(f"{answers}\n")
                    return
                try:
                    got = key.data.recv(1 << 20)
                    if got.endswith(b"\n"):
                        answers += 1
                        key.data.sendall(request)
                except ConnectionError:
                    got = b""
                if not got:
                    ready.unregister(key.data)


if __name__ == "__main__":
    main(*sys.argv[1:])
