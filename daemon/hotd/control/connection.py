"""RPyC as far as a control port may speak it.

Stock RPyC lets a peer walk attributes, hold and send references, read exceptions with all that hangs on them, and
make classes in this process; no setting turns all of it off. So nothing of its dispatch is used: a message is taken
apart here, and what is not listed in ``_perform`` does not exist. What is left is what a stock client needs for

    rpyc.utils.factory.unix_connect(path).root.status()

and what hotctl needs for the same in one round trip: CALLATTR on the well-known root.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

from rpyc.core import brine, consts
from rpyc.core.protocol import Connection
from rpyc.core.service import VoidService

from hotd.contract.errors import BadRequest, HotdError
from hotd.contract.frames import Values
from hotd.contract.nearest import nearest
from hotd.contract.protocol import ROOT
from hotd.contract.quoting import shown
from hotd.contract.verbs import VERBS
from hotd.control import older
from hotd.control.channel import FrameChannel

PREFIX = "exposed_"
CONFIG = {
    "allow_safe_attrs": False,
    "allow_exposed_attrs": True,
    "allow_public_attrs": False,
    "allow_all_attrs": False,
    "allow_getattr": True,
    "allow_setattr": False,
    "allow_delattr": False,
    "allow_pickle": False,
    "include_local_traceback": False,
    "include_local_version": False,
    "import_custom_exceptions": False,
    "instantiate_custom_exceptions": False,
    "propagate_SystemExit_locally": False,
    "propagate_KeyboardInterrupt_locally": False,
    "sync_request_timeout": 5,
    "close_catchall": True,
    "bind_threads": False,  # else $RPYC_BIND_THREADS on one side changes the framing
}
"""What the rules ask for. Belt beside braces: no code of RPyC's that reads most of it is reached."""


class Cut(Exception):
    """The caller said what nobody says by mistake, or may not stay: its connection ends."""


@dataclass(frozen=True, slots=True)
class Root:
    """The only object there is; its attributes are the verbs."""

    def methods(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, verb.summary) for name, verb in VERBS.items())


@dataclass(frozen=True, slots=True)
class BoundVerb:
    """``root.status`` before it is called."""

    name: str

    def methods(self) -> tuple[tuple[str, str], ...]:
        return (("__call__", VERBS[self.name].summary),)


# A stock client knows the type "builtins.method" and so does not ask what it is.
_IDS: dict[Root | BoundVerb, tuple[str, int, int]] = {
    Root(): ROOT,
    **{BoundVerb(name): ("builtins.method", 2, number) for number, name in enumerate(VERBS, 1)},
}
_NAMED = {identity: thing for thing, identity in _IDS.items()}


class ControlConnection(Connection):  # type: ignore[misc] # rpyc has no types
    """One caller, served by one thread. ``call(verb, text)`` never raises.

    A request is understood and answered at a ``place``, of which there are few; a ``turn`` lasts until the answer is
    written, however slowly the caller reads.
    """

    def __init__(
        self,
        channel: FrameChannel,
        *,
        call: Callable[[str, str], str],
        stays: Callable[[], bool],
        place: Callable[[], AbstractContextManager[None]],
        turn: Callable[[], AbstractContextManager[None]],
    ) -> None:
        super().__init__(VoidService(), channel, CONFIG)
        self._call = call
        self._stays = stays
        self._place = place
        self._turn = turn

    @classmethod
    def _request_handlers(cls) -> dict[int, Any]:
        return {}

    def serve_all(self) -> None:
        """Answer until the caller goes (EOFError) or has to go (Cut, BadFrame)."""
        while True:
            data = self._channel.recv()
            if (said := older.refusal(data)) is not None:
                self._channel.send(said)
                raise Cut("speaks RPyC 4 or 5")
            self._dispatch(data)

    def close(self) -> None:
        """RPyC would ask the caller to close too, and wait for its answer."""
        if not self._closed:
            self._cleanup()

    def _dispatch(self, data: bytes) -> None:
        with ExitStack() as until_written:
            with self._place():
                until_written.enter_context(self._turn())
                seq, handler, arguments = _taken_apart(data)
                kind, said = self._answered(handler, arguments)
            self._send(kind, seq, said)
        if handler in (consts.HANDLE_CALL, consts.HANDLE_CALLATTR) and not self._stays():
            raise Cut("has no role here")

    def _answered(self, handler: object, arguments: object) -> tuple[int, object]:
        try:
            return consts.MSG_REPLY, _boxed(self._perform(handler, _unboxed(arguments)))
        except (HotdError, AttributeError) as error:
            return consts.MSG_EXCEPTION, _reduced(error)

    def _perform(self, handler: object, arguments: object) -> object:
        """Everything a caller can do. Raises BadRequest, or AttributeError for a name that is no verb."""
        match handler, arguments:
            case consts.HANDLE_CALLATTR, (Root(), str(name), *rest):
                return self._call(name.removeprefix(PREFIX), _text_of(rest))
            case consts.HANDLE_GETROOT, ():
                return Root()
            case consts.HANDLE_INSPECT, ((str(), int(), int()) as identity,) if identity in _NAMED:
                return _NAMED[identity].methods()
            case consts.HANDLE_GETATTR, (Root(), str(name)):
                return _verb(name)
            case consts.HANDLE_CALL, (BoundVerb(name), *rest):
                return self._call(name, _text_of(rest))
            case consts.HANDLE_DEL, (Root() | BoundVerb(), *_):
                return None  # nothing is counted: both live as long as the daemon
            case consts.HANDLE_PING, (str() as data,):
                return data
            case consts.HANDLE_CLOSE, ():
                raise EOFError("said good-bye")
        raise BadRequest("a control port takes calls of its verbs and nothing else", hint="root.status()")


def _taken_apart(data: bytes) -> tuple[int, object, object]:
    """A request's number, handler and boxed arguments. Raises Cut for everything else."""
    if data[:1] != bytes((consts.MSG_REQUEST,)):
        raise Cut("sent what is no request; nothing was asked of it that this could answer")
    values = Values(data[1:])
    try:
        if values.read(len(brine.TAG_TUP2)) == brine.TAG_TUP2:
            seq, rest = brine._load(values), values.read()
            match seq, _known(rest) if len(rest) <= LONGEST_KNOWN else _decoded(rest):
                case int(), (handler, arguments):
                    return seq, handler, arguments
    except Exception as error:  # noqa: BLE001 - see the next line
        # RPyC's decoder is written for friends: garbage makes it fail in any way there is.
        raise Cut(f"sent what cannot be decoded: {type(error).__name__}") from None
    raise Cut("sent a request of another shape")


def _decoded(data: bytes) -> object:
    """Plain values that nobody can change. Raises whatever RPyC's decoder does."""
    return brine._load(Values(data))


LONGEST_KNOWN = 512
"""Bytes of a call, but for its number, up to which it is remembered what it says: programs ask the same again and
again, and commands ask what others have asked."""
_known = functools.lru_cache(64)(_decoded)


def _unboxed(package: object) -> object:
    """Plain values, and among them references to what is ours.

    Raises BadRequest for an object of the caller's (no callbacks), and for a reference deeper inside a value.
    """
    match package:
        case consts.LABEL_VALUE, value:
            return value
        case consts.LABEL_TUPLE, tuple(items):
            return tuple(_unboxed_item(item) for item in items)
    raise BadRequest("an argument is a text, never a reference to an object")


def _unboxed_item(package: object) -> object:
    match package:
        case consts.LABEL_VALUE, value:
            return value
        case consts.LABEL_LOCAL_REF, (str(), int(), int()) as identity if identity in _NAMED:
            return _NAMED[identity]
    raise BadRequest("an argument is a text, never a reference to an object")


def _boxed(result: object) -> tuple[int, object]:
    if isinstance(result, Root | BoundVerb):
        return consts.LABEL_REMOTE_REF, _IDS[result]
    return consts.LABEL_VALUE, result


def _text_of(rest: list[object]) -> str:
    """The one text of a call, ``{}`` where none is given."""
    match rest:
        case [()] | [(), ()]:
            return "{}"
        case [(str(text),)] | [(str(text),), ()]:
            return text
    raise BadRequest("a verb takes one argument at most, a JSON text", hint="""root.status('{"module": "long_op"}')""")


def _verb(name: str) -> BoundVerb:
    verb = name.removeprefix(PREFIX)
    if verb in VERBS:
        return BoundVerb(verb)
    near = nearest(verb[:64], VERBS)
    raise AttributeError(f"there is no verb {shown(verb)}" + (f"; did you mean {near}?" if near else ""))


def _reduced(error: HotdError | AttributeError) -> tuple[object, ...]:
    """An exception as RPyC sends one, of which only kind and sentence are left."""
    kind = ("hotd", error.code) if isinstance(error, HotdError) else ("builtins", "AttributeError")
    return kind, (str(error),), (), ""
