"""Bundles, by digest: a manifest each, and the files, compressed, shared by all that have the same bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable
from typing import Any

from hotd.core.bundle import Bundle, BundleFile
from hotd.ports import Sources

QUICKLY_FROM = 64 * 1024
"""Bytes from which a file is compressed at the quickest level: the writer has others to write for."""


_PLAIN = tuple(field.name for field in dataclasses.fields(Bundle) if field.name not in ("digest", "files"))
"""Fields that are texts and numbers, however nested. A manifest that lacks one is older than the field."""


class Damaged(LookupError):
    """The store has the bundle, and what it reads is not what was written."""


def put_bundle(connection: sqlite3.Connection, bundle: Bundle) -> None:
    """Keep it; of files that some bundle had already, nothing is written again."""
    if connection.execute("SELECT 1 FROM bundles WHERE digest = ?", (bundle.digest,)).fetchone() is not None:
        return
    hashes = [hashlib.sha256(file.data).hexdigest() for file in bundle.files]
    known = _known(connection, hashes)
    for file, name in zip(bundle.files, hashes, strict=True):
        if name not in known:
            row = (name, zlib.compress(file.data, 1 if len(file.data) >= QUICKLY_FROM else 6))
            known[name] = connection.execute("INSERT INTO blobs (hash, data) VALUES (?, ?)", row).lastrowid or 0
    listed = [(file.path, file.root, known[name]) for file, name in zip(bundle.files, hashes, strict=True)]
    manifest = {"files": listed, **{name: getattr(bundle, name) for name in _PLAIN}}
    packed = zlib.compress(json.dumps(manifest, separators=(",", ":")).encode("ascii"))
    row = (bundle.digest, packed)
    number = connection.execute("INSERT INTO bundles (digest, manifest) VALUES (?, ?)", row).lastrowid
    # One statement for all: the interpreter lock is let go of, and waited for, with each.
    connection.execute(
        "INSERT INTO uses (bundle, blob) SELECT ?, value FROM json_each(?)",
        (number, json.dumps(sorted({known[name] for name in hashes}))),
    )


def lacking(connection: sqlite3.Connection, sources: Sources) -> list[Bundle]:
    """The bundles of those digests that are not kept, as far as they are still to be had."""
    known = {digest for (digest,) in connection.execute("SELECT digest FROM bundles")} if sources else set[str]()
    found = [source() for digest, source in sources.items() if digest not in known]
    return [bundle for bundle in found if bundle is not None]


def read_bundle(connection: sqlite3.Connection, digest: str) -> Bundle:
    """The bundle of that digest, every byte held against its hash. Raises KeyError, Damaged, sqlite3.Error."""
    row = connection.execute("SELECT id, manifest FROM bundles WHERE digest = ?", (digest,)).fetchone()
    if row is None:
        raise KeyError(digest)
    number, packed = row
    found = connection.execute(
        "SELECT id, hash, data FROM blobs WHERE id IN (SELECT blob FROM uses WHERE bundle = ?)", (number,)
    )
    try:
        manifest: dict[str, Any] = json.loads(zlib.decompress(packed))
        blobs = {one: _checked(name, data) for one, name, data in found}
        files = tuple(BundleFile(path, blobs[one], root) for path, root, one in manifest["files"])
    except (zlib.error, ValueError, KeyError) as error:
        raise Damaged(f"the bundle {digest} is damaged: {error}") from None
    plain = {name: _frozen(manifest[name]) for name in _PLAIN if name in manifest}
    return Bundle(digest=digest, files=files, **plain)


def _frozen(value: Any) -> Any:
    """Lists as the tuples that they were."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _known(connection: sqlite3.Connection, hashes: Iterable[str]) -> dict[str, int]:
    asked = json.dumps(sorted(set(hashes)))
    return dict(
        connection.execute("SELECT hash, id FROM blobs WHERE hash IN (SELECT value FROM json_each(?))", (asked,))
    )


def _checked(name: str, data: bytes) -> bytes:
    plain = zlib.decompress(data)
    if hashlib.sha256(plain).hexdigest() != name:
        raise ValueError("a file is not what it was")
    return plain
