"""What a connected client can cost: bytes, seconds, threads, descriptors."""

from __future__ import annotations

import json
import os
import resource
import selectors
import signal
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from rpyc.core import consts

from hotctl import connect
from hotd.contract.frames import framed
from hotd.contract.protocol import LONGEST_REQUEST
from tests.integration.control.fakes import as_nobody, needs_root
from tests.rpc.attacks.conftest import answered
from tests.support.attacker import ROOT_REF, Attacker, boxed, value
from tests.support.daemons import Running, environment, running
from tests.support.eventually import eventually
from tests.support.honest import Honest
from tests.support.memory import grows_at_most
from tests.support.ops import hosted, waiter

HEADER = struct.Struct("!LB")


def bomb(mib: int) -> bytes:
    """A frame that inflates to so many MiB of nothing."""
    data = zlib.compress(b"\0" * (mib << 20))
    return HEADER.pack(len(data), 1) + data + b"\n"


@pytest.mark.attack("a header that announces 4 GiB, and 200 MB that follow it", outcome="cut off at the header")
def test_a_frame_is_refused_by_its_header(attacked: Running, honest: Honest) -> None:
    """Nothing is set aside for what is announced, nothing is taken in of what follows."""
    with grows_at_most(attacked.process.pid, 8):
        for announced in (0xFFFFFFFF, 200_000_000, LONGEST_REQUEST + 1):
            for compressed in (0, 1):
                with Attacker(str(attacked.socket)) as attacker:
                    try:
                        attacker.send_bytes(HEADER.pack(announced, compressed))
                        for _ in range(3_000):
                            attacker.send_bytes(b"x" * 65536)
                        pytest.fail("200 MB were taken")
                    except ConnectionError:
                        pass


@pytest.mark.attack("1000:1 bombs: 200 KB of zlib that become 200 MB", outcome="cut off at 256 KiB")
def test_a_bomb_is_not_inflated(attacked: Running, honest: Honest) -> None:
    """Forty of them at once."""
    frame = bomb(200)
    assert len(frame) < LONGEST_REQUEST
    with grows_at_most(attacked.process.pid, 24), ExitStack() as stack:
        them = [stack.enter_context(Attacker(str(attacked.socket))) for _ in range(40)]
        for attacker in them:
            attacker.send_bytes(frame)
        assert all(attacker.is_cut() for attacker in them)


DEEP = {
    "200,000 tuples in each other": b"\x10" * 200_000,
    "a tuple of four billion": b"\x15\xff\xff\xff\xff",
    "a tuple of 250,000": b"\x15" + struct.pack("!L", 250_000) + b"\x00" * 250_000,
}


@pytest.mark.parametrize("what", DEEP)
@pytest.mark.attack("brine that nests 200,000 deep, or says that four billion follow", outcome="cut off")
def test_no_nesting_of_values_ends_more_than_its_connection(attacked: Running, honest: Honest, what: str) -> None:
    """Ten of them at once; RPyC's decoder calls itself for each level."""
    with grows_at_most(attacked.process.pid, 48), ExitStack() as stack:
        them = [stack.enter_context(Attacker(str(attacked.socket))) for _ in range(10)]
        for attacker in them:
            attacker.send_bytes(framed(b"\x01" + DEEP[what]))
        assert all(attacker.is_cut() for attacker in them)


@pytest.mark.slow
@pytest.mark.attack(
    "slow-loris: 500 clients that send one byte each and wait",
    outcome="256 stay, the oldest of them go for newcomers; `status` of the attacker's own uid within 50 ms",
)
def test_five_hundred_clients_that_say_nothing_keep_nobody_out(
    attacked: Running, honest: Honest, connected: Callable[[], Attacker]
) -> None:
    """An honest caller of the same user is answered all the while, on a new connection as on its old one."""
    with grows_at_most(attacked.process.pid, 64):
        them = [connected() for _ in range(500)]
        for attacker in them:
            with suppress(ConnectionError):  # it had to go for a newer one
                attacker.send_bytes(b"\0")
        so_far = len(honest.took)
        eventually(lambda: len(honest.took) > so_far + 40, what="an honest caller is answered")
        threads = len(os.listdir(f"/proc/{attacked.process.pid}/task"))  # noqa: PTH208 - names are all that is wanted
        assert threads < 300
        assert cut(them[0]) and cut(them[100])


def cut(attacker: Attacker) -> bool:
    attacker.sock.settimeout(0.0)
    try:
        return attacker.sock.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@pytest.mark.slow
@pytest.mark.attack(
    "begin a request and never end it: silence, or a byte now and then; never read an answer",
    outcome="cut off after 10 s",
)
def test_a_request_and_an_answer_have_ten_seconds(
    attacked: Running, honest: Honest, connected: Callable[[], Attacker]
) -> None:
    """Counted from the first byte to the last: one more byte buys no more time."""
    silent, dripping, deaf = connected(), connected(), connected()
    silent.send_bytes(HEADER.pack(100, 0))
    dripping.send_bytes(HEADER.pack(LONGEST_REQUEST, 0))
    deaf.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sock.settimeout(0.0)

    def ask_on() -> bool:
        """Until no more is taken: the daemon then waits in the middle of an answer."""
        try:
            deaf.send(consts.MSG_REQUEST, 1, (consts.HANDLE_CALLATTR, boxed(ROOT_REF, value("status"), value(()))))
        except BlockingIOError:
            return True
        return False

    eventually(ask_on)

    def both_cut() -> bool:
        try:
            dripping.send_bytes(b"\0")
        except ConnectionError:
            return cut(silent)
        return False

    eventually(both_cut, within=30, what="who sends too slowly is cut off")
    eventually(lambda: hung_up(deaf), within=30, what="who does not read is cut off")


def hung_up(attacker: Attacker) -> bool:
    try:
        attacker.sock.send(b"\0")
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return False


@pytest.mark.attack("a storm of connections that come and go", outcome="nothing is left of them")
def test_a_storm_of_connections_leaves_nothing(attacked: Running, honest: Honest) -> None:
    """Two thousand: with a byte, with a whole request whose answer nobody waits for, with nothing."""
    asked = consts.MSG_REQUEST, 1, (consts.HANDLE_CALLATTR, boxed(ROOT_REF, value("status"), value(())))
    with grows_at_most(attacked.process.pid, 32):
        for number in range(2_000):
            # Some have to go for newer ones while they speak.
            with suppress(ConnectionError), Attacker(str(attacked.socket)) as attacker:
                if number % 4 == 0:
                    attacker.send_bytes(b"\0")
                elif number % 4 == 1:
                    attacker.send(*asked)
    eventually(lambda: len(os.listdir(f"/proc/{attacked.process.pid}/task")) < 40)  # noqa: PTH208 - as above


@contextmanager
def short_of_descriptors(daemon: Running) -> Iterator[Callable[[], bool]]:
    """It has hardly any left: the limit is what is open now. Gives a question: whether it has missed one by now."""
    pid, told = daemon.process.pid, len(daemon.log)
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # Those of the attackers before are closed by now, or soon.
    eventually(lambda: len(os.listdir(f"/proc/{pid}/fd")) < 50)  # noqa: PTH208 - as above
    taken = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - as above
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (taken, before[1]))
    try:
        yield lambda: "Too many open files" in daemon.log[told:]
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@pytest.mark.attack(
    "leave the daemon without a file descriptor",
    outcome="the port survives; who is connected is answered, also changes; newcomers one after the other",
)
def test_without_descriptors_the_verbs_of_who_is_connected_work(attacked: Running, attacker: Attacker) -> None:
    """RPyC's server ends there, with exit code 0 and no word."""
    assert "answer" in answered(attacker)
    with short_of_descriptors(attacked) as missed_one, ExitStack() as stack:
        for _ in range(60):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.connect(str(attacked.socket))
        eventually(missed_one)

        assert "answer" in answered(attacker)
        for verb in ("pause", "resume"):
            assert answered(attacker, verb)["answer"]
        assert "answer" in answered(attacker, "history")
    with connect(str(attacked.socket)) as late:
        assert late.hello()
    assert "answer" in answered(attacker)


@pytest.mark.slow
@pytest.mark.attack(
    "64 descriptors for the whole daemon and 100 clients that want one", outcome="served on, and after it"
)
def test_a_daemon_with_few_descriptors_serves_on() -> None:
    """RPyC's server returned from its loop with the 59th client."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        with running({"long_op.py": waiter("one")}, hosted()) as daemon:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            daemon.until(lambda m: m["serving"]["current"] == 1)
            with connect(str(daemon.socket)) as kept, ExitStack() as stack:
                kept.hello()
                for _ in range(100):
                    waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
                    waiting.connect(str(daemon.socket))
                assert kept.status().modules[0].generation == 1
                daemon.write("long_op.py", waiter("two"))
                assert kept.reload("long_op").outcome == "promoted"
            with connect(str(daemon.socket)) as late:
                assert late.status().modules[0].generation == 2
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.slow
@pytest.mark.attack(
    "follow events and be stopped (SIGSTOP), or killed, while thousands happen",
    outcome="no event waits for a reader; memory flat; what was missed is read later, or its loss told",
)
def test_a_stopped_follower_holds_up_nothing(attacked: Running, honest: Honest) -> None:
    """Nobody sends to a follower: it asks. The stopped one reads on where it was, the killed one is forgotten."""
    command = [sys.executable, "-m", "hotctl", "--socket", str(attacked.socket), "events", "-f", "--json"]
    followers = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment()) for _ in "ab"
    ]
    try:
        for one in followers:
            assert one.stdout is not None
            one.stdout.readline()
        followers[0].send_signal(signal.SIGSTOP)
        followers[1].kill()
        with connect(str(attacked.socket)) as daemon, grows_at_most(attacked.process.pid, 48):
            first = daemon.status().daemon.seq
            for _ in range(150):
                daemon.pause()
                daemon.resume()
            last = daemon.status().daemon.seq
        assert last >= first + 300
        followers[0].send_signal(signal.SIGCONT)
        stdout = followers[0].stdout
        assert stdout is not None
        while (seen := json.loads(stdout.readline())["seq"]) < last:
            assert seen
    finally:
        for one in followers:
            one.kill()
            one.wait()
            if one.stdout is not None:
                one.stdout.close()


@contextmanager
def flood(verb: str, them: list[Attacker]) -> Iterator[None]:
    """All of them ask as fast as they are answered."""
    descriptors = [attacker.sock.fileno() for attacker in them]
    command = [sys.executable, "-m", "tests.rpc.attacks.flood", verb, *map(str, descriptors)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=descriptors, env=environment()
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"asking\n"
        yield
    finally:
        said, _ = process.communicate(b"x", 30)
    assert int(said) > 50, "the flood was answered, too"


def as_anybody(daemon: Running, count: int) -> list[Attacker]:
    """Connections of ``nobody``, who is let in here as one of the group of the socket would be."""
    daemon.folder.chmod(0o755)
    daemon.socket.chmod(0o666)
    try:
        found: list[Attacker] = as_nobody(lambda: [Attacker(str(daemon.socket)) for _ in range(count)])
    finally:
        daemon.socket.chmod(0o660)
    return found


@needs_root
@pytest.mark.slow
@pytest.mark.attack(
    "a viewer that asks for `status` as fast as it can, over 200 connections",
    outcome="250 requests a second of one user are answered, the others wait; an admin's are answered first",
)
def test_a_flood_of_requests_of_one_user_holds_up_no_other(attacked: Running, honest: Honest) -> None:
    """Without a pace and a line a ``status`` of somebody else takes 200 ms then."""
    them = as_anybody(attacked, 200)
    try:
        with flood("status", them):
            so_far = len(honest.took)
            eventually(lambda: len(honest.took) > so_far + 60, what="an honest caller is answered")
    finally:
        for attacker in them:
            attacker.sock.close()


@pytest.mark.slow
@pytest.mark.attack(
    "the same as an admin, over 200 connections",
    outcome="a command of the same user is answered among the first: its connection is new",
)
def test_a_flood_of_ones_own_requests_leaves_ones_commands_their_turn(
    attacked: Running, connected: Callable[[], Attacker]
) -> None:
    """A script that went wild does not keep its user from seeing so."""
    with Honest(str(attacked.socket), keeps=False) as honest, flood("status", [connected() for _ in range(200)]):
        so_far = len(honest.took)
        eventually(lambda: len(honest.took) > so_far + 20, what="an honest caller is answered")


@needs_root
@pytest.mark.slow
@pytest.mark.attack(
    "a viewer that parks a call on each of 200 connections",
    outcome="32 of one user wait, 96 of all who are no admins; the rest is refused, with the reason",
)
def test_calls_that_wait_are_counted(attacked: Running, attacker: Attacker, honest: Honest) -> None:
    """Whoever waits for the outcome of a reload has room of its own."""
    last = attacked.status()["daemon"]["seq"]
    them = as_anybody(attacked, 200)
    call = boxed(ROOT_REF, value("events"), value((f'{{"after": {last}, "max_wait": 20}}',)), value(()))
    try:
        for one in them:
            one.send(consts.MSG_REQUEST, 1, (consts.HANDLE_CALLATTR, call))
        eventually(lambda: len(readable(them)) >= 200 - 32)
        answers = readable(them)
        assert len(answers) == 200 - 32
        assert all("too-many-calls" in str(one.read()) for one in answers)
        said = answered(attacker, "reload", '{"modules": ["long_op"], "max_wait": 20}')
        assert said["answer"]
    finally:
        for one in them:
            one.sock.close()


def readable(them: list[Attacker]) -> list[Attacker]:
    """Who has been told something."""
    with selectors.DefaultSelector() as ready:
        for one in them:
            ready.register(one.sock, selectors.EVENT_READ, one)
        return [key.data for key, _ in ready.select(0)]
