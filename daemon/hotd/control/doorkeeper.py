"""Accepts callers from other machines, and knows what lets them in."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable

from hotd.control.listener import Listener
from hotd.control.peers import Peer
from hotd.control.tls import Door, Papers, meet, open_door, read_papers


class Doorkeeper:
    """One TLS port, between ``start`` and ``stop``. ``welcome`` is handed what has not shaken hands yet."""

    def __init__(
        self,
        door: Door,
        *,
        welcome: Callable[[socket.socket], None],
        starved: Callable[[OSError], None],
        log: logging.Logger,
        queue: int,
    ) -> None:
        """``queue`` is how many the kernel keeps until they are accepted."""
        self._door = door
        self._queue = queue
        self._welcome = welcome
        self._starved = starved
        self._log = log
        self._papers: Papers | None = None
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Which one it is, also where the door says 0: any that is free."""
        assert self._listener is not None
        port: int = self._listener.listener.getsockname()[1]
        return port

    def read(self) -> None:
        """The papers, from their files; all of them or, with BadConfig, none. Who comes from now on meets these."""
        self._papers = read_papers(self._door)

    def open(self) -> None:
        """Take the port, with nobody let in yet. Raises BadConfig."""
        if self._papers is None:
            self.read()
        self._listener = Listener(
            "",
            welcome=self._wrapped,
            starved=self._starved,
            log=self._log,
            inherited=open_door(self._door, self._queue),
        )

    def start(self) -> None:
        assert self._listener is not None
        self._listener.listen()
        self._thread = threading.Thread(target=self._listener.start, name="hotd-control-tls", daemon=True)
        self._thread.start()
        place = f"{self._door.host}:{self.port}"
        self._log.info(
            "callers with a certificate come in at %s", place, extra={"event": "control.tls", "address": place}
        )

    def stop(self) -> None:
        """Accept nobody more. Twice is fine, and so is a door that was only opened."""
        listener, self._listener = self._listener, None
        thread, self._thread = self._thread, None
        if listener is None:
            return
        listener.stop()
        if thread is None:
            listener.close()
        else:
            thread.join()

    def forget(self) -> None:
        """In a forked child."""
        if self._listener is not None:
            self._listener.forget()

    def meet(self, sock: socket.socket, seconds: float) -> Peer | None:
        """Who shook hands; None for one that was refused."""
        assert isinstance(sock, ssl.SSLSocket)
        return meet(sock, seconds, self._log)

    def revoked(self, peer: Peer) -> bool:
        """Whether the caller's certificate is on the list as it was read last."""
        certificate, papers = peer.certificate, self._papers
        return certificate is not None and papers is not None and certificate.serial in papers.revoked

    def _wrapped(self, sock: socket.socket) -> None:
        """The handshake waits for its own thread: nobody who connects and says nothing keeps the next one waiting."""
        assert self._papers is not None
        try:
            wrapped = self._papers.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except OSError:
            sock.close()  # it went again
            return
        self._welcome(wrapped)
