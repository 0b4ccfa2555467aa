"""The command line, one family of commands per file.

Nothing heavy is imported before a command runs, so that `kerascnn --help` responds immediately.
"""

from . import (  # each registers its commands
    describe,
    evaluate,
    exercises,
    explain,
    explore,
    figures,
    lecture,
    paint,
    predict,
    train,
    weights,
)
from ._main import main

__all__ = [
    "describe",
    "evaluate",
    "exercises",
    "explain",
    "explore",
    "figures",
    "lecture",
    "main",
    "paint",
    "predict",
    "train",
    "weights",
]
