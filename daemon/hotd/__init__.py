"""hotd: a daemon that hosts long-running Python work and swaps its code while it runs."""

__version__ = "0.1.0"
