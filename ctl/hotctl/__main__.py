"""``python -m hotctl`` and the ``hotctl`` script."""

from __future__ import annotations

import sys


def main() -> int:
    """The exit status. Ctrl-C is one too, also while modules are still being imported."""
    try:
        from hotctl.cli import main as run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
