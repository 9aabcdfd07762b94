"""Every verb at the command line of a real daemon."""

from __future__ import annotations

import json

import pytest

from tests.support.daemons import Running, hotctl, running
from tests.support.ops import hosted, waiter

TWO = hosted(replicas=2) + hosted("other", "other:work")
SOURCES = {"long_op.py": waiter("one"), "other.py": waiter("one")}


def test_status_json_fits_the_contract() -> None:
    """Fields may be added, never renamed."""
    with running(SOURCES, TWO) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        status = daemon.status()
        assert {
            "pid", "version", "protocol", "started_at", "uptime_s", "watch", "health", "conditions", "socket", "seq",
        } <= set(status["daemon"])  # fmt: skip
        assert status["daemon"]["pid"] == daemon.process.pid
        module = daemon.module()
        assert {
            "name", "entry", "health", "conditions", "generation", "permanent", "digest", "watch", "pinned",
            "out_of_sync", "replicas", "surge", "serving", "rejected", "generations",
        } <= set(module)  # fmt: skip
        assert module["generations"] == [{"generation": 1, "state": "current", "instances": 2}]


def test_lists_are_lists() -> None:
    """modules, instances, generations, history, errors print JSON lists."""
    with running(SOURCES, TWO) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        modules = daemon.hotctl("modules", "--json").json
        assert [m["name"] for m in modules] == ["long_op", "other"]
        assert modules[0]["closure"][0]["part"] == "long_op" and modules[0]["roots"]
        instances = daemon.hotctl("instances", "long_op", "--json").json
        assert [i["id"] for i in instances] == ["long_op-1", "long_op-2"]
        assert {"module", "generation", "state", "started_at", "age_s", "progress"} <= set(instances[0])
        (generation,) = daemon.hotctl("generations", "long_op", "--json").json
        assert (generation["generation"], generation["state"], generation["cause"]) == (1, "current", "start")
        (start,) = daemon.hotctl("history", "--json").json
        assert start["modules"][0] == {"module": "long_op", "from": None, "to": 1, "reloaded": ["long_op"]}
        assert daemon.hotctl("errors", "long_op", "--json").json == []
        events = [json.loads(line) for line in daemon.hotctl("events", "--json").out.splitlines()]
        assert "reload.promoted" in {event["event"] for event in events}


def test_scale_stop_start_and_restart_change_the_instances() -> None:
    """The sentences say what follows."""
    with running(SOURCES, TWO) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        assert daemon.hotctl("scale", "long_op", "3").status == 0
        daemon.until(lambda m: m["serving"]["current"] == 3)
        assert daemon.hotctl("scale", "long_op", "1").status == 0
        daemon.until(lambda m: m["serving"]["current"] == 1)
        one = daemon.hotctl("instances", "long_op", "--json").json[0]["id"]
        stopped = daemon.hotctl("stop", one)
        assert stopped.status == 0 and "another instance replaces it" in stopped.out
        daemon.until(lambda m: m["serving"]["current"] == 1 and one not in daemon.hotctl("instances").out)
        assert daemon.hotctl("stop", "long_op").status == 0
        daemon.until(lambda m: m["serving"]["current"] == 0 and m["stopped"])
        assert daemon.hotctl("start", "long_op").status == 0
        daemon.until(lambda m: m["serving"]["current"] == 1)
        assert daemon.hotctl("restart", "long_op").status == 0
        assert daemon.hotctl("scale", "long_op", "65").status == 5


def test_failures_carry_the_traceback_of_their_generations_source() -> None:
    """Also after the file was edited: the line shown is the line that ran."""
    old = "from hotd import api\n\n\ndef work():\n    api.wait(60)\n    raise RuntimeError('old trouble')  # OLD LINE\n"
    with running({"long_op.py": old, "other.py": waiter("one")}, TWO) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        daemon.write("long_op.py", "# pad\n# pad\n# pad\n" + waiter("two"))
        daemon.until(lambda m: m["generation"] == 2)
        daemon.hotctl("restart", "long_op")
        daemon.until(lambda m: m["serving"]["old"] == 0)
        failures = daemon.hotctl("errors", "long_op", "--json").json
        assert failures[0]["generation"] == 1 and failures[0]["instance"] == "long_op-1"
        assert "OLD LINE" in failures[0]["error"]["traceback"]
        assert failures[0]["error"]["file"].endswith("ops/long_op.py"), "plain paths, no digest in them"
        shown = daemon.hotctl("errors", "long_op").out
        assert "old trouble" in shown and "OLD LINE" in shown


def test_check_loads_aside_and_changes_nothing() -> None:
    """Exit 0 or 3, and current is what it was."""
    with running(SOURCES, TWO, watch="enabled = false") as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        daemon.write("long_op.py", waiter("two"))
        assert daemon.hotctl("check", "long_op").status == 0
        daemon.write("long_op.py", "1/0\n")
        refused = daemon.hotctl("check", "--all", "--json")
        assert refused.json["outcome"] == "partial" and refused.status == 4
        assert daemon.hotctl("check", "long_op").status == 3
        module = daemon.module()
        assert module["generation"] == 1 and module["rejected"] is None


def test_reload_all_atomic_promotes_everything_or_nothing() -> None:
    """Of what is on disk."""
    with running(SOURCES, TWO, watch="enabled = false") as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        daemon.write("long_op.py", waiter("two"))
        daemon.write("other.py", "raise RuntimeError('no')\n")
        refused = daemon.hotctl("reload", "--all", "--atomic", "--json")
        assert refused.status == 3 and refused.json["outcome"] == "rejected"
        assert [daemon.module(name)["generation"] for name in ("long_op", "other")] == [1, 1]
        daemon.write("other.py", waiter("two"))
        assert daemon.hotctl("reload", "--all", "--atomic").status == 0
        assert [daemon.module(name)["generation"] for name in ("long_op", "other")] == [2, 2]


def test_events_follow_from_a_cursor() -> None:
    """``events --since SEQ`` continues where one left off."""
    with running(SOURCES, TWO) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        first = [json.loads(line) for line in daemon.hotctl("events", "--json").out.splitlines()]
        daemon.hotctl("pause")
        later = [
            json.loads(x) for x in daemon.hotctl("events", "--json", "--since", str(first[-1]["seq"])).out.splitlines()
        ]
        assert [event["event"] for event in later] == ["watch.paused"]


@pytest.mark.parametrize(
    "verb", ["generations", "reload", "check", "undo", "logs", "errors", "stop", "restart", "start"]
)
def test_an_unknown_module_is_66_with_did_you_mean(one_daemon: Running, verb: str) -> None:
    """A tired operator mistypes."""
    ran = one_daemon.hotctl(verb, "long_opp", "--json")
    assert ran.status == 66, ran
    assert ran.json["error"]["code"] == "unknown-module"
    assert "long_op" in ran.json["error"]["hint"]
    assert "long_opp" in ran.err


def test_unknown_instances_generations_and_revisions_are_66(one_daemon: Running) -> None:
    """Each says what there is."""
    assert one_daemon.hotctl("stop", "long_op-99").status == 66
    assert one_daemon.hotctl("logs", "long_op", "--instance", "long_op-99").status == 66
    assert one_daemon.hotctl("undo", "long_op", "--to", "9").status == 66
    assert one_daemon.hotctl("outcome", "99").status == 66


def test_an_undo_without_history_is_refused(one_daemon: Running) -> None:
    """There is nothing before g1."""
    ran = one_daemon.hotctl("undo", "long_op")
    assert ran.status == 5 and "before g1" in ran.err


def test_if_generation_guards_a_change(one_daemon: Running) -> None:
    """Somebody else was faster."""
    ran = one_daemon.hotctl("reload", "long_op", "--if-generation", "7")
    assert ran.status == 5 and "g7" in ran.err


def test_version_names_both_sides(one_daemon: Running) -> None:
    """Client and daemon, with the interpreter that looks for modules."""
    ran = one_daemon.hotctl("version", "--json")
    assert ran.status == 0 and ran.json


def test_a_stock_rpyc_client_can_ask(one_daemon: Running) -> None:
    """Users' own scripts: ``unix_connect(path).root.status()``."""
    from rpyc.utils.factory import unix_connect

    connection = unix_connect(str(one_daemon.socket))
    try:
        answer = json.loads(connection.root.status())
        assert answer["answer"]["modules"][0]["name"] == "long_op"
    finally:
        connection.close()


def test_the_python_client_is_typed(one_daemon: Running) -> None:
    """``from hotctl import connect``."""
    from hotctl import connect

    with connect(str(one_daemon.socket)) as daemon:
        assert daemon.status().modules[0].name == "long_op"
        assert [instance.module for instance in daemon.instances()] == ["long_op"]
        assert daemon.pause("long_op").outcome == "done"
        assert daemon.resume("long_op").outcome == "done"


def test_no_daemon_is_69_with_the_next_command() -> None:
    """Fast, and it says where it looked."""
    ran = hotctl("status", "--socket", "/nowhere/at/all.sock")
    assert ran.status == 69 and "/nowhere/at/all.sock" in ran.err
