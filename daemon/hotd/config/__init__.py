"""hotd.toml, environment and argv, turned into one frozen Config; every error is told at once."""

from hotd.config.adding import outside, read_added
from hotd.config.init import write_example
from hotd.config.reading import from_command_line, load_config
from hotd.config.steady import steadily
from hotd.config.values import Config, Control, Later, Tls, Watch

__all__ = [
    "Config",
    "Control",
    "Later",
    "Tls",
    "Watch",
    "from_command_line",
    "load_config",
    "outside",
    "read_added",
    "steadily",
    "write_example",
]
