"""Who may do what."""

from __future__ import annotations

import grp
import os
import pwd

import pytest

from hotd.contract.errors import NotPermitted
from hotd.contract.verbs import VERBS, Role
from hotd.control.peers import Certificate, Peer
from hotd.control.roles import Roles, _gids
from hotd.core.values import Actor

ROOT = Peer(0, frozenset({0}), 1)
STRANGER = Peer(4_000_000, frozenset({4_000_001, 4_000_002}), 7)
LAPTOP = Peer(None, frozenset(), None, Certificate(("laptop", "ops@example.org"), "192.0.2.7:40112"))
SOMEBODY = Peer(pwd.getpwall()[-1].pw_uid, frozenset({pwd.getpwall()[-1].pw_gid}), 8)


@pytest.mark.parametrize(
    ("people", "listed"),
    [
        ([], False),
        (["*"], True),
        (["4000000"], True),
        (["4000001"], False),
        (["%4000002"], True),
        (["%4000000"], False),
        (["uid 4000000"], True),
        (["nobody-of-that-name", "%no-group-of-that-name", "%nul\0", "cert:x"], False),
    ],
)
def test_a_list_names_users_uids_and_groups(people: list[str], listed: bool) -> None:
    """``["root", "1000", "%hotctl", "%993", "*"]``; a name that nobody has lets nobody in."""
    assert Roles(admins=people).of(STRANGER) is (Role.ADMIN if listed else Role.NONE)
    assert Roles(viewers=people).of(STRANGER) is (Role.VIEWER if listed else Role.NONE)


def test_users_and_groups_go_by_name() -> None:
    """As they stand in hotd.toml."""
    assert SOMEBODY.uid is not None
    entry = pwd.getpwuid(SOMEBODY.uid)

    assert Roles(admins=[entry.pw_name]).of(SOMEBODY) is Role.ADMIN
    assert Roles(admins=["%" + grp.getgrgid(entry.pw_gid).gr_name]).of(SOMEBODY) is Role.ADMIN


def test_a_group_is_not_looked_up_for_each_call_and_a_new_one_is_found() -> None:
    """What is looked up lets go of the interpreter, and each call would wait for it twice."""
    assert SOMEBODY.uid is not None
    name = grp.getgrgid(pwd.getpwuid(SOMEBODY.uid).pw_gid).gr_name

    Roles(admins=["%" + name, "%nobody-has-it"]).of(STRANGER)

    assert name in _gids
    assert "nobody-has-it" not in _gids


@pytest.mark.parametrize(
    ("people", "listed"),
    [
        (["cert:laptop"], True),
        (["cert:ops@example.org"], True),
        (["*"], True),
        (["laptop", "None", "uid None", "cert:", "cert:Laptop", "0", "root", "%0"], False),
    ],
)
def test_a_certificate_goes_by_its_names_and_is_no_user_of_this_machine(people: list[str], listed: bool) -> None:
    """``cert:NAME`` is the subject's common name or an alternative name; no user, uid or group is meant by it."""
    assert Roles(admins=people).of(LAPTOP) is (Role.ADMIN if listed else Role.NONE)
    assert Roles(admins=["cert:root", "cert:4000000"]).of(STRANGER) is Role.NONE


def test_nobody_from_another_machine_is_the_daemons_own_user() -> None:
    """Also where the daemon does not say who that is."""
    assert Roles(own_uid=None).of(LAPTOP) is Role.NONE


def test_the_daemons_own_user_is_always_an_admin_and_root_by_the_list_only() -> None:
    """Who could signal and trace the daemon anyway; and a daemon of yours is not root's by itself."""
    assert Roles(own_uid=STRANGER.uid).of(STRANGER) is Role.ADMIN
    assert Roles(own_uid=STRANGER.uid).of(ROOT) is Role.NONE
    assert Roles(admins=["root"], own_uid=STRANGER.uid).of(ROOT) is Role.ADMIN


def test_the_greatest_role_counts() -> None:
    """An admin is not made smaller by ``viewers = ["*"]``."""
    assert Roles(admins=["4000000"], viewers=["*"]).of(STRANGER) is Role.ADMIN


def test_an_operator_is_one_of_all_patterns_that_name_it() -> None:
    """By user, uid, group or certificate; who is in two lists has the modules of both."""
    roles = Roles(
        viewers=["*"],
        operators={"long_op": ["4000000"], "feed-*": ["%4000002"], "billing": ["root"], "tax": ["cert:ci"]},
    )

    assert roles.of(STRANGER) is Role.OPERATOR
    assert roles.actor(STRANGER) == Actor("uid 4000000", 4_000_000, "operator", ("long_op", "feed-*"))
    assert roles.actor(Peer(None, frozenset(), None, Certificate(("ci",), "10.0.0.7:5"))).only == ("tax",)
    assert roles.actor(Peer(4_000_009, frozenset(), 1)) == Actor("uid 4000009", 4_000_009, "viewer", ())


def test_an_admin_is_not_held_to_patterns() -> None:
    """Whatever else it is listed as."""
    roles = Roles(admins=["*"], operators={"long_op": ["*"]})

    assert roles.actor(STRANGER) == Actor("uid 4000000", 4_000_000, "admin", None)


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
def test_a_verb_takes_its_role_and_no_less(verb: object) -> None:
    """The table decides, for every verb."""
    for roles, role in (
        (Roles(), Role.NONE),
        (Roles(viewers=["*"]), Role.VIEWER),
        (Roles(operators={"m": ["*"]}), Role.OPERATOR),
        (Roles(admins=["*"]), Role.ADMIN),
    ):
        one = VERBS[getattr(verb, "name")]  # noqa: B009 - parametrize hides the type
        if role >= one.role:
            assert roles.permit(STRANGER, one).role == role.name.lower()
        else:
            with pytest.raises(NotPermitted):
                roles.permit(STRANGER, one)


def test_a_refusal_says_who_what_which_role_and_what_to_do() -> None:
    """One sentence and a cure; exit 77."""
    with pytest.raises(NotPermitted) as caught:
        Roles(admins=["root", "%hotctl"], viewers=["*"]).permit(STRANGER, VERBS["reload"])

    assert caught.value.message == (
        "uid 4000000 may not reload: that needs the role operator, and this caller has the role viewer"
    )
    assert "root, %hotctl" in (caught.value.hint or "")

    with pytest.raises(NotPermitted, match="has no role at all") as caught:
        Roles().permit(STRANGER, VERBS["status"])
    assert "the user the daemon runs as" in (caught.value.hint or "")


def test_a_caller_is_named_as_users_are() -> None:
    """By name where there is one, else by number: in histories and in the log."""
    me = Peer(os.getuid(), frozenset(), 1)

    assert me.name == pwd.getpwuid(os.getuid()).pw_name
    assert str(me) == f"uid {me.uid} ({me.name})"
    assert (STRANGER.name, str(STRANGER)) == ("uid 4000000", "uid 4000000")
