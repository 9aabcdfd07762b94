"""Every event there is, noun.verb, in one place."""

from __future__ import annotations

import enum


class EventName(enum.StrEnum):
    DAEMON_STARTED = "daemon.started"
    DAEMON_STOPPING = "daemon.stopping"
    RELOAD_STARTED = "reload.started"
    RELOAD_PROMOTED = "reload.promoted"
    RELOAD_UNCHANGED = "reload.unchanged"
    RELOAD_REJECTED = "reload.rejected"
    RELOAD_REFUSED = "reload.refused"
    GENERATION_DRAINING = "generation.draining"
    GENERATION_STANDBY = "generation.standby"
    GENERATION_RETIRED = "generation.retired"
    GENERATION_STALLED = "generation.stalled"
    INSTANCE_REQUESTED = "instance.requested"
    GENERATION_LEAKED = "generation.leaked"
    GENERATION_COLLECTED = "generation.collected"
    HOOK_FAILED = "hook.failed"
    INSTANCE_STARTED = "instance.started"
    INSTANCE_STOPPING = "instance.stopping"
    INSTANCE_ENDED = "instance.ended"
    INSTANCE_FAILED = "instance.failed"
    INSTANCE_ABANDONED = "instance.abandoned"
    MODULE_UNDONE = "module.undone"
    MODULE_SCALED = "module.scaled"
    MODULE_STOPPED = "module.stopped"
    MODULE_STARTED = "module.started"
    MODULE_RESTARTED = "module.restarted"
    MODULE_TAINTED = "module.tainted"
    MODULE_CLEARED = "module.cleared"
    WATCH_CHANGED = "watch.changed"
    WATCH_PAUSED = "watch.paused"
    WATCH_RESUMED = "watch.resumed"
    WATCH_DEGRADED = "watch.degraded"
