"""Why two sides do not come to terms over TLS, in words, from what OpenSSL says of it.

Pure: strings and numbers in, a clause about the other side out. Both sides read their own half of the story here.
"""

from __future__ import annotations

OTHER_AUTHORITY = "is signed by another authority than ours"
_FAULTS = {
    2: OTHER_AUTHORITY,
    7: "does not bear the signature it claims",
    9: "is not valid yet (compare the clocks)",
    10: "has expired",
    18: OTHER_AUTHORITY,
    19: OTHER_AUTHORITY,
    20: OTHER_AUTHORITY,
    21: OTHER_AUTHORITY,
    23: "is revoked",
    26: "was not made for this end of a connection",
    62: "is for other names",
    64: "is for other addresses",
}
"""OpenSSL's X509_V_ERR_…"""

_ALERTS = {
    "CERTIFICATE_REQUIRED": "asks for a certificate, and none was shown",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "asks for a certificate, and none was shown",
    "UNKNOWN_CA": "does not know the authority that signed our certificate",
    "CERTIFICATE_EXPIRED": "says that our certificate has expired",
    "CERTIFICATE_REVOKED": "says that our certificate is revoked",
    "BAD_CERTIFICATE": "says that our certificate cannot be used: not valid yet, or damaged",
    "UNSUPPORTED_CERTIFICATE": "says that our certificate was not made for this end of a connection",
    "CERTIFICATE_UNKNOWN": "does not accept our certificate",
    "DECRYPT_ERROR": "does not accept our certificate's signature",
    "ACCESS_DENIED": "does not let this certificate in",
}
"""By the end of the reason that OpenSSL gives for an alert of the other side, as TLSV13_ALERT_CERTIFICATE_REQUIRED."""

_NO_TLS = ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG")
_OLD_TLS = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_SHARED_CIPHER", "HANDSHAKE_FAILURE", "VERSION_TOO_LOW")


def fault(code: int, message: str) -> str:
    """What is wrong with the other side's certificate."""
    return _FAULTS.get(code) or f"cannot be used: {message}"


def disagreement(reason: str) -> str:
    """What else the other side says or does: a clause to stand behind "it"."""
    for end, clause in _ALERTS.items():
        if reason.endswith(end):
            return clause
    if reason in _NO_TLS:
        return "does not speak TLS"
    if reason.endswith(_OLD_TLS):
        return "does not speak TLS 1.3"
    return f"breaks the handshake off ({reason.lower().replace('_', ' ') or 'without a word'})"


def accuses_us(reason: str) -> bool:
    """Whether the other side refuses us, rather than failing itself."""
    return any(reason.endswith(end) for end in _ALERTS)
