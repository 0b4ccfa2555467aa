"""One-line errors and warnings: what was expected, what was received, what to do."""

import sys
import warnings
from collections.abc import Iterable
from difflib import get_close_matches

LISTED = 8  # choices to list if all of them take more than LONG characters
LONG = 500
SHORT = 3  # letters of names that are alike if they share half of them, as those of languages


def unknown(
    what: str, received: object, choices: Iterable[object], *, otherwise: str = ""
) -> ValueError:
    """Create the error for a name that is not one of `choices`, with close matches.

    Args:
        what: the argument.
        received: its value.
        choices: the names.
        otherwise: what is accepted besides names, such as "an existing file".

    >>> unknown("layer", "cnov1", ["conv1", "pool1"])
    ValueError("layer must be one of 'conv1', 'pool1'; received 'cnov1'. Did you mean 'conv1'?")
    """
    choices = list(choices)
    listed = ", ".join(map(repr, choices))
    if len(listed) > LONG:
        listed = ", ".join(map(repr, choices[:LISTED])) + f", … ({len(choices)} in all)"
    listed += f", or {otherwise}" * bool(otherwise)
    line = f"{what} must be one of {listed}; received {received!r}."
    if close := _close(str(received), choices):
        line += f" Did you mean {' or '.join(map(repr, close))}?"
    return ValueError(line)


def _close(received: str, choices: list) -> list[str]:
    """Return likely choices: one that only differs in spelling, or up to three similar ones."""

    def plain(name: str) -> str:  # "ResNet-50" means "resnet50"
        return "".join(filter(str.isalnum, str(name).casefold()))

    if not plain(received):
        return []
    if same := [name for name in choices if plain(name) == plain(received)]:
        return same
    names = [plain(name) for name in choices]
    cutoff = 0.5 if max(map(len, names), default=0) <= SHORT else 0.6
    near = get_close_matches(plain(received), names, n=3, cutoff=cutoff)
    return sorted((c for c in choices if plain(c) in near), key=lambda c: near.index(plain(c)))[:3]


def warn(line: str) -> None:
    """Issue a warning at the user's line of code; Python shows it once per line."""
    frame, level = sys._getframe(1), 2
    ours = ("kerascnn", "functools")  # a cached property is computed by the latter
    while frame and frame.f_globals.get("__name__", "").partition(".")[0] in ours:
        frame, level = frame.f_back, level + 1
    warnings.warn(line, stacklevel=level)
