"""The number of a class that is given by its name, in any language that the toolkit knows."""

from collections.abc import Sequence

from kerascnn._errors import unknown
from kerascnn._text import class_texts


def class_number(target: str, names: Sequence[str], *, what: str = "target") -> int:
    """The number of a class that is given by its name, in either language, or by its number.

    Args:
        target: such as "cat" or "3".
        names: of class 0, 1, …
        what: the argument's name, for errors.

    Raises:
        ValueError: If no class or several classes have this name.
    """

    def plain(name: str) -> str:
        return name.replace("_", " ").strip().casefold()

    wanted = plain(target)
    both = zip(names, class_texts(names), strict=True)
    numbers = [str(i) for i, pair in enumerate(both) if wanted in map(plain, pair)]
    if len(numbers) > 1:  # of ImageNet the crane, a bird and a machine, and the maillot
        raise ValueError(
            f"{what} must be one class; {target!r} is the name of {' and '.join(numbers)}. "
            "Give the number."
        )
    if numbers:
        return int(numbers[0])
    if target.isdecimal() and int(target) < len(names):
        return int(target)
    raise unknown(what, target, class_texts(names))
