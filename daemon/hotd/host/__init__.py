"""The process and what it runs under: systemd, the single-instance lock, signals, the daemon's own log."""
