"""``hotd`` and ``python -m hotd``."""

from __future__ import annotations

import os
import sys


def main() -> int:
    _fill_standard_streams()
    from hotd.cli import run

    return run(sys.argv[1:])


def _fill_standard_streams() -> None:
    """What was closed at the start (`hotd serve >&-`) leads nowhere from now on.

    Otherwise the first file that the daemon opens has its number, and whoever prints past Python prints into that.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest that is free
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode))


if __name__ == "__main__":
    sys.exit(main())
