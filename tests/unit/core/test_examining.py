"""What is wrong with an installation, and its cure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotd.contract.views import Condition, Finding
from hotd.core.examining import Installation, Paper, Place, examined

WATCHING = {"backend": "inotify", "folders": 14, "limit": 100, "overflows": 0, "last_event": None, "pending": 0}
ROOT = Place("source root", "/srv/ops", 0o755, "hotd", "hotd")
SOCKET = Place("socket", "/run/hotd/control.sock", 0o660, "hotd", "hotctl", ("alice", "bob"))
SOUND = Installation("hotd", False, "hotd 1.0", True, False, WATCHING, (ROOT, SOCKET))


def told(found: Installation = SOUND, *, fine: bool = False, **changes: Any) -> list[Finding]:
    """What is not as it should be, or what is."""
    return [one for one in examined(replace(found, **changes)) if (one.state == "ok") is fine]


def test_a_sound_installation_says_what_it_is() -> None:
    """Who runs it on what, what is watched, who may connect."""
    assert [(one.subject, one.message) for one in examined(SOUND)] == [
        ("daemon", "hotd 1.0; runs as hotd"),
        ("store", "keeps what it is given"),
        ("watching", "inotify watches 14 of at most 100 folders; 0 overflows; last event none so far, 0 pending"),
        ("files", "only hotd and root may write source roots, configuration and state"),
        ("socket", "/run/hotd/control.sock, 0660 hotd:hotctl (alice and bob)"),
    ]
    assert {one.state for one in examined(SOUND)} == {"ok"}


def test_what_polls_has_no_limit() -> None:
    """And counts in English."""
    watching = {**WATCHING, "folders": 1, "limit": None, "overflows": 1}
    (said,) = [one.message for one in told(fine=True, watching=watching) if one.subject == "watching"]
    assert said.startswith("inotify watches 1 folder; 1 overflow; last event")


def test_root_is_said_once() -> None:
    """Where the daemon itself runs as root, nobody is named twice."""
    place = replace(ROOT, owner="root", group="root")
    messages = [one.message for one in examined(replace(SOUND, user="root", places=(place,), missing_group="hotctl"))]
    assert "only root may write source roots, configuration and state" in messages
    assert "there is no group hotctl: only root can connect" in messages


@pytest.mark.parametrize(
    ("changes", "state", "subject", "words"),
    [
        ({"root": True}, "note", "user", "runs as root"),
        ({"strangers": True}, "wrong", "user", "look like nobody"),
        ({"watches": False}, "note", "watching", "nobody notices"),
        ({"paused": True}, "note", "watching", "not acted on"),
        ({"watching": WATCHING | {"folders": 81}}, "note", "watching", "81 of 100 folders are watched: they run out"),
        ({"watching": WATCHING | {"overflows": 1}}, "note", "watching", "dropped events 1 time;"),
        ({"watching": WATCHING | {"overflows": 2}}, "note", "watching", "dropped events 2 times;"),
        ({"missing_group": "hotctl"}, "note", "socket", "there is no group hotctl"),
    ],
)
def test_what_is_not_as_it_should_be_is_named_with_its_cure(
    changes: dict[str, Any], state: str, subject: str, words: str
) -> None:
    """One finding, and what to do about it."""
    (one,) = told(**changes)
    assert (one.state, one.subject) == (state, subject) and words in one.message and one.cure


@pytest.mark.parametrize(
    ("place", "state", "words", "cure"),
    [
        (replace(ROOT, mode=None), "wrong", "/srv/ops is not there", "make it again"),
        (replace(ROOT, mode=0o777), "wrong", "everyone may write /srv/ops", "chmod o-w /srv/ops"),
        (
            replace(ROOT, mode=0o775, group="dev", members=("ann",)),
            "note",
            "the group dev (ann) may write",
            "chmod g-w",
        ),
        (replace(ROOT, mode=0o775, group="dev"), "note", "the group dev (nobody now) may write", "chmod g-w"),
        (replace(ROOT, owner="ann"), "note", "ann owns /srv/ops", "chown hotd /srv/ops"),
        (Place("state", "/var/lib/hotd", 0o755, "hotd"), "note", "others may read it", "chmod go-rwx /var/lib/hotd"),
        (Place("above", "/srv", 0o777, "root"), "wrong", "everyone may write /srv", "chmod o-w /srv"),
        (replace(SOCKET, mode=0o666), "wrong", "everyone on this machine can connect", 'mode = "0660"'),
        (replace(SOCKET, mode=None), "wrong", "nobody else can connect", "restart the daemon"),
    ],
)
def test_who_may_write_runs_code_and_is_named(place: Place, state: str, words: str, cure: str) -> None:
    """Of roots, configuration, state, what lies above them; and the socket."""
    (one,) = told(places=(place,))
    assert one.state == state and words in one.message and cure in (one.cure or "")


def test_what_is_shared_by_design_is_no_news() -> None:
    """A sticky folder as /tmp; a folder of the group root; what root owns."""
    places = Place("above", "/tmp", 0o1777, "root", "root"), Place("above", "/srv", 0o775, "root", "root")
    assert not told(places=(*places, replace(ROOT, owner="root")))


def test_root_is_named_once() -> None:
    """Where the daemon runs as root."""
    found = replace(SOUND, user="root", root=True, places=(replace(ROOT, owner="root"),), missing_group="hotctl")
    messages = [one.message for one in examined(found)]
    assert "only root may write source roots, configuration and state" in messages
    assert "there is no group hotctl: only root can connect" in messages


def test_a_socket_of_somebody_else_is_cured_there() -> None:
    """In its unit, not in hotd.toml."""
    (one,) = told(places=(replace(SOCKET, mode=0o666),), inherited=True, missing_group="hotctl")
    assert one.cure == "SocketMode=0660 in its unit"
    assert told(places=(replace(SOCKET, members=()),), fine=True)[-1].message.endswith("(no further members)")


def test_the_daemons_conditions_are_findings_and_the_gravest_come_first() -> None:
    """What needs a restart is no fault."""
    later = Condition("RestartRequired", "configuration", "daemon.executor", "t")
    full = Condition("StoreDegraded", "full", "the disk is full", "t")
    found = examined(replace(SOUND, conditions=(later, full), watching={}))
    assert [(one.state, one.subject) for one in found][:2] == [("wrong", "StoreDegraded"), ("note", "RestartRequired")]
    assert not [one for one in found if one.subject == "store"]
    assert "nobody watches 0 folders" in next(one.message for one in found if one.subject == "watching")


@pytest.mark.parametrize(
    ("days", "state", "words"),
    [
        (None, "wrong", "cannot be read"),
        (-1.0, "wrong", "has expired"),
        (12.0, "note", "expires in 12 days"),
        (300.0, "ok", "is good for 300 days"),
    ],
)
def test_a_certificate_says_how_long_it_is_good_for(days: float | None, state: str, words: str) -> None:
    """Before it locks everybody out."""
    (one,) = (one for one in examined(replace(SOUND, papers=(Paper("/tls/server.pem", days),))) if "tls" in one.message)
    assert one.state == state and words in one.message and (one.cure is None) is (state == "ok")
