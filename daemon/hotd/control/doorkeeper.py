"""Accepts callers from other machines, and knows what lets them in."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable

from hotd.control.listener import Listener
from hotd.control.peers import Peer
from hotd.control.tls import Door, Papers, meet, open_door, read_papers


class Doorkeeper:
    """One TLS port, between ``open`` and ``close``."""

    def __init__(
        self,
        door: Door,
        *,
        starved: Callable[[OSError], None],
        log: logging.Logger,
        queue: int,
    ) -> None:
        """``queue`` is how many the kernel keeps until they are accepted."""
        self._door = door
        self._queue = queue
        self._starved = starved
        self._log = log
        self._papers: Papers | None = None
        self._listener: Listener | None = None

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
            "", starved=self._starved, log=self._log, inherited=open_door(self._door, self._queue)
        )

    def listen(self) -> None:
        """From here on callers can connect; ``accept`` gives them, until ``stop``."""
        assert self._listener is not None
        self._listener.listen()
        place = f"{self._door.host}:{self.port}"
        self._log.info(
            "callers with a certificate come in at %s", place, extra={"event": "control.tls", "address": place}
        )

    def stop(self) -> None:
        """Wake who waits in ``accept``."""
        if self._listener is not None:
            self._listener.stop()

    def close(self) -> None:
        """Once nobody accepts. Twice is fine, and so is a door that was only opened."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

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

    def accept(self) -> socket.socket | None:
        """Wait for a connection, which has not shaken hands yet; None as a ``Listener`` has it."""
        listener = self._listener
        sock = None if listener is None else listener.accept()
        if sock is None:
            return None
        assert self._papers is not None
        try:
            return self._papers.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except OSError:
            sock.close()  # it went again
            return None
