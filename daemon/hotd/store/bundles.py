"""Bundles, by digest: a manifest each, and the files, compressed, shared by all that have the same bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import sqlite3
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hotd.core.bundle import Bundle, BundleFile
from hotd.ports import Sources
from hotd.store.known import Known

QUICKLY_FROM = 8 * 1024
"""Bytes from which a file is compressed at the quickest level: the writer has others to write for."""
PLAIN_BELOW = 512
"""Bytes below which it is not compressed at all: that takes longer than all else that is done for such a file."""

_PLAIN = tuple(field.name for field in dataclasses.fields(Bundle) if field.name not in ("digest", "files"))
"""Fields that are texts and numbers, however nested. A manifest that lacks one is older than the field."""


class Damaged(LookupError):
    """The store has the bundle, and what it reads is not what was written."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Bundles as they are written."""

    blobs: list[tuple[int, str, bytes]]
    """Number, hash and compressed bytes of the files that are not kept yet."""
    bundles: list[tuple[str, bytes, list[int]]]
    """Digest, manifest, and the numbers of its files."""


def sheet_of(bundles: Iterable[Bundle], known: Known) -> Sheet:
    """What is to be written; of files that some bundle had already, nothing. Raises sqlite3.Error."""
    bundles = list({bundle.digest: bundle for bundle in bundles}.values())
    hashes = [[hashlib.sha256(file.data).hexdigest() for file in bundle.files] for bundle in bundles]
    numbers = known.blobs(itertools.chain.from_iterable(hashes)) if bundles else {}
    sheet = Sheet([], [])
    for bundle, names in zip(bundles, hashes, strict=True):
        for file, name in zip(bundle.files, names, strict=True):
            if name not in numbers:
                numbers[name] = known.new_blob(name)
                sheet.blobs.append((numbers[name], name, _packed(file.data)))
        listed = [(file.path, file.root, numbers[name]) for file, name in zip(bundle.files, names, strict=True)]
        manifest = {"files": listed, **{name: getattr(bundle, name) for name in _PLAIN}}
        packed = _packed(json.dumps(manifest, separators=(",", ":")).encode("ascii"))
        sheet.bundles.append((bundle.digest, packed, sorted({numbers[name] for name in names})))
    return sheet


def _packed(data: bytes) -> bytes:
    """What ``zlib.decompress`` makes the same data of."""
    size = len(data)
    if size < PLAIN_BELOW:
        lengths = size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")
        return b"\x78\x01\x01" + lengths + data + zlib.adler32(data).to_bytes(4, "big")
    if size < QUICKLY_FROM:
        # The usual window is a quarter of a megabyte of fresh memory: to have it costs more than to fill it.
        packing = zlib.compressobj(6, zlib.DEFLATED, wbits=13, memLevel=6)
        return packing.compress(data) + packing.flush()
    return zlib.compress(data, 1)


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


def _checked(name: str, data: bytes) -> bytes:
    plain = zlib.decompress(data)
    if hashlib.sha256(plain).hexdigest() != name:
        raise ValueError("a file is not what it was")
    return plain
