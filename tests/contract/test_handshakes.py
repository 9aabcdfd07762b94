"""What OpenSSL says of a failed handshake, in words."""

from __future__ import annotations

import pytest

from hotd.contract.handshakes import OTHER_AUTHORITY, accuses_us, disagreement, fault


@pytest.mark.parametrize(
    ("code", "clause"),
    [
        (10, "has expired"),
        (9, "is not valid yet"),
        (20, OTHER_AUTHORITY),
        (62, "other names"),
        (99, "cannot be used: odd"),
    ],
)
def test_what_is_wrong_with_a_certificate(code: int, clause: str) -> None:
    """By OpenSSL's number, else in its own words."""
    assert clause in fault(code, "odd")


@pytest.mark.parametrize(
    ("reason", "clause", "ours"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "none was shown", True),
        ("TLSV1_ALERT_UNKNOWN_CA", "does not know the authority", True),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "has expired", True),
        ("WRONG_VERSION_NUMBER", "does not speak TLS", False),
        ("UNSUPPORTED_PROTOCOL", "does not speak TLS 1.3", False),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "does not speak TLS 1.3", False),
        ("BAD_SIGNATURE", "breaks the handshake off (bad signature)", False),
        ("", "breaks the handshake off (without a word)", False),
    ],
)
def test_why_the_other_side_does_not_go_on(reason: str, clause: str, ours: bool) -> None:
    """And whether it is for our sake."""
    assert clause in disagreement(reason)
    assert accuses_us(reason) is ours
