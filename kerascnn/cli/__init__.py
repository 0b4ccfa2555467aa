"""The command line: one family of commands a file.

Nothing heavy is imported before a command runs, so that `kerascnn --help` answers at once.
"""

from . import describe, explain, figures, paint, train, weights  # each registers its commands
from ._main import main

__all__ = ["describe", "explain", "figures", "main", "paint", "train", "weights"]
