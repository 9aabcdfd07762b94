"""One text in, one text out: the only place where a caller's words become a call, and where errors become words."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import fields, replace
from typing import Any

from hotd.contract import codec, protocol, views
from hotd.contract.errors import BadRequest, HotdError, Internal, NotPermitted, Refused
from hotd.contract.nearest import nearest
from hotd.contract.quoting import shown, shown_whole
from hotd.contract.requests import LONGEST_WAIT, Request
from hotd.contract.verbs import VERBS, Role, Verb
from hotd.control.answers import Answers
from hotd.control.peers import Peer
from hotd.control.remarks import Remark, Remarks
from hotd.control.roles import Roles
from hotd.core.permission import refused
from hotd.core.values import Actor
from hotd.ports import Desk

LONGEST_ARGUMENTS = 500
"""Characters of a request that the audit trail keeps."""
LONGEST_KNOWN = 512
"""Characters of a question up to which it is remembered what it asks."""
LONGEST_NAME = 64
"""Characters of a verb that does not exist."""
MOST = 2**63 - 1
"""The greatest whole number that SQLite takes."""


class Gate:
    """Reads a request, checks the caller's role, asks the desk, writes the answer. Used from many threads at once."""

    def __init__(
        self, desk: Desk, roles: Roles, version: str, log: logging.Logger, remarks: Remarks | None = None
    ) -> None:
        self._desk = desk
        self.roles = roles
        self._version = version
        self._answers = Answers(version)
        self._log = log
        self._remarks = remarks or Remarks(log)

    def admits(self, peer: Peer) -> bool:
        """Whether the caller has any role. Who has none is answered once, so that it can tell why, and then cut."""
        return self.roles.of(peer) is not Role.NONE

    def goes_first(self, peer: Peer) -> bool:
        """Whether the caller is answered before others, and where those have taken all the room that is theirs."""
        return self.roles.of(peer) is Role.ADMIN

    def answer(
        self,
        name: str,
        text: str,
        peer: Peer,
        waits: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> str:
        """What the verb answers, or the error that kept it from it. Never raises.

        ``waits`` is entered while the desk may be waiting for something, and may refuse that by a HotdError.
        """
        request: Request | None = None
        try:
            verb = self._verb(name, peer)
            read = _read(verb, text)
            request = None if isinstance(read, HotdError) else read
            actor = self.roles.permit(peer, verb)
            if isinstance(read, HotdError):
                raise read
            self.roles.check(actor, verb, read)
            with waits() if _may_wait(verb, read) else nullcontext():
                answer = self._desk.ask(verb, read, actor)
            said = self._written(answer, actor)
            outcome = answer.outcome if isinstance(answer, views.Change) else "answered"
        except HotdError as error:
            said, outcome = protocol.error_text(error, version=self._version), error.code
        except Exception as error:  # noqa: BLE001 - the border of the port
            # A defect must not end the caller's connection without a word, nor tell its insides to a viewer.
            self._log.exception("cannot answer %s", shown(name), extra={"event": "control.defect", "verb": name})
            internal = Internal(
                f"a defect of hotd while answering {shown(name)}: {type(error).__name__}",
                hint="the daemon's log has the traceback",
            )
            said, outcome = protocol.error_text(internal, version=self._version), internal.code
        self._audit(name, request, text, peer, outcome)
        self._remarks.settle()
        return said

    def _verb(self, name: str, peer: Peer) -> Verb:
        """Who has no role is not told either which verbs there are. Raises NotPermitted, BadRequest."""
        if name not in VERBS and not self.admits(peer):
            raise refused(self.roles.actor(peer), shown(name[:LONGEST_NAME]), "viewer")
        return find_verb(name)

    def _written(self, answer: Any, actor: Actor) -> str:
        text = self._answers.text(answer, actor)
        if len(text) > protocol.LONGEST_ANSWER - 1024:  # room for RPyC's wrapping
            raise Refused(
                f"the answer is {len(text) >> 20} MiB long, at most {protocol.LONGEST_ANSWER >> 20} are sent",
                hint="ask for less: one module, or fewer lines",
            )
        return text

    def _audit(self, name: str, request: Request | None, text: str, peer: Peer, outcome: str) -> None:
        """Every change and every refusal, with who, verb, arguments, outcome: of changes each one.

        Refusals stand in the log alone: what anybody may cause as often as he likes must push nothing out of the
        events, nor out of what the store keeps of changes. Of the same caller's to the same verb one is told a second,
        and how many more there were.
        """
        changes = name in VERBS and VERBS[name].changes
        if outcome != NotPermitted.code and not changes:
            return
        arguments = _told(request, text)
        known, name = name in VERBS, name if name in VERBS else shown(name[:LONGEST_NAME])
        fields = {**peer.fields, "verb": name, "outcome": outcome, "arguments": arguments}
        line = f"{peer}: {name} {arguments}: {outcome}"
        if outcome == NotPermitted.code:
            kind = peer.identity, "refused", name if known else None
            self._remarks.say(kind, Remark(logging.WARNING, line, {"event": "control.refused", **fields}))
        else:
            self._log.info("%s", line, extra={"event": "control.call", **fields})


def _read(verb: Verb, text: str) -> Request | HotdError:
    """The request, or why there is none: who may not ask at all is told that first, and what it asked is logged."""
    try:
        if verb.changes or len(text) > LONGEST_KNOWN:
            return _bounded(protocol.read_request(verb, text))
        return _known(verb.name, text)
    except HotdError as error:
        return error


@functools.lru_cache(64)
def _known(verb: str, text: str) -> Request:
    """A question, which is asked again and again in the same words."""
    return _bounded(protocol.read_request(VERBS[verb], text))


def _told(request: Request | None, text: str) -> str:
    """The arguments for the audit trail: as they were understood, else as they came, but never nothing."""
    if request is not None:
        with suppress(ValueError, RecursionError):  # it was just read, and cannot be written: it nests too deep
            return _arguments(request)
    return shown_whole(text[:LONGEST_ARGUMENTS])


def _arguments(request: Request) -> str:
    """What was asked for; what was left as it is by default says nothing."""
    said = {f.name: value for f in fields(request) if (value := getattr(request, f.name)) != f.default}
    said.pop("max_wait", None)
    return codec.to_text(said)[:LONGEST_ARGUMENTS]


def find_verb(name: str) -> Verb:
    """Raises BadRequest, with the nearest verb there is."""
    if name in VERBS:
        return VERBS[name]
    near = nearest(name[:LONGEST_NAME], VERBS)
    raise BadRequest(
        f"there is no verb {shown(name)}" + (f"; did you mean {near}?" if near else ""),
        hint="hotctl --help lists the verbs",
    )


def _may_wait(verb: Verb, request: Request) -> bool:
    """For an event, an outcome, an end; or for the engine to decide and the disk to keep it."""
    return verb.changes or getattr(request, "max_wait", 0.0) > 0


def _bounded(request: Request) -> Request:
    """No call parks longer than the contract says, whatever it asks for.

    Raises BadRequest for a whole number that no store can keep.
    """
    asked: Any = request  # whether it may park is said by its fields, so that no verb can be forgotten here
    for f in fields(request):
        if isinstance(value := getattr(request, f.name), int) and not -MOST <= value <= MOST:
            raise BadRequest(f"{f.name} is beyond all numbers that are known here", hint=f"at most {MOST}")
    wait = getattr(asked, "max_wait", None)
    return request if wait is None else replace(asked, max_wait=min(wait, LONGEST_WAIT) if wait >= 0 else 0.0)
