"""The index of a class that is specified by name, in English or in the current language."""

from collections.abc import Sequence

from kerascnn._errors import unknown
from kerascnn._text import class_texts


def class_number(target: str, names: Sequence[str], *, what: str = "target") -> int:
    """Return the index of a class, given its name, in either language, or its number.

    Args:
        target: name or number, such as "cat" or "3".
        names: class names, by index.
        what: name of the argument, for errors.

    Raises:
        ValueError: If no class or several classes have this name.
    """

    def plain(name: str) -> str:
        return name.replace("_", " ").strip().casefold()

    wanted = plain(target)
    both = zip(names, class_texts(names), strict=True)
    numbers = [str(i) for i, pair in enumerate(both) if wanted in map(plain, pair)]
    if len(numbers) > 1:  # in ImageNet, the crane (bird and machine) and the maillot
        raise ValueError(
            f"{what} must be one class; {target!r} is the name of {' and '.join(numbers)}. "
            "Pass the number."
        )
    if numbers:
        return int(numbers[0])
    if target.isdecimal() and int(target) < len(names):
        return int(target)
    raise unknown(what, target, class_texts(names))
