"""What outlives the daemon: one SQLite file in the state folder, which survives kill -9.

One thread writes (`hotd-store`): whatever is queued becomes one transaction with one fsync, or none where it is only
noted, and each piece is reported once it is durable; an intent before that, as soon as it is in the log. Readers have
connections of their own. What the disk refuses is reported too, and tried again whenever the next piece comes; a file
that cannot be read is moved aside, never overwritten.
"""

from hotd.store.store import Store

__all__ = ["Store"]
