"""Foreign text, made fit for the daemon's log and for systemd."""

from __future__ import annotations

import pytest

from hotd.host.printable import printable


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("long_op → g2 ✓", "long_op → g2 ✓"),
        ("\x1b[2Jlong_op", "�[2Jlong_op"),
        ("one\ntwo\r\nthree\tfour", "one two  three four"),
        ("line\u2028separator", "line separator"),
        ("right\u202eto left", "right�to left"),
        ("not\udcff UTF-8", "not� UTF-8"),
        ("ad\0min", "ad�min"),
        ("", ""),
    ],
)
def test_foreign_text_keeps_its_letters_and_loses_its_commands(foreign: str, shown: str) -> None:
    """Nothing that a module is called or says can move the cursor, add a line or hide a letter."""
    assert printable(foreign) == shown
    shown.encode()
