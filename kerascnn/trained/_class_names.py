"""The names of classes, in the language that is set where they are the toolkit's own."""

from collections.abc import Sequence

from kerascnn._errors import unknown
from kerascnn._text import language
from kerascnn._text import text as _


def _own() -> tuple[tuple[str, ...], ...]:
    """The class names of the data sets that the toolkit loads, in the language that is set."""
    return (
        (
            _("airplane"), _("automobile"), _("bird"), _("cat"), _("deer"),
            _("dog"), _("frog"), _("horse"), _("ship"), _("truck"),
        ),
        (
            _("T-shirt/top"), _("trouser"), _("pullover"), _("dress"), _("coat"),
            _("sandal"), _("shirt"), _("sneaker"), _("bag"), _("ankle boot"),
        ),
        (_("circle"), _("square"), _("triangle"), _("star"), _("cross"), _("ring")),
        (_("background"), _("cell")),
        (_("background"), _("cell"), _("border")),
    )  # fmt: skip


def shown(names: Sequence[str]) -> tuple[str, ...]:
    """The names as a reader sees them: translated if they are those of CIFAR-10 and the like.

    >>> with language("es"):
    ...     shown(["circle", "square", "triangle", "star", "cross", "ring"])[:2], shown(["cat"])
    (('círculo', 'cuadrado'), ('cat',))
    """
    names = tuple(names)
    with language("en"):
        english = _own()
    return _own()[english.index(names)] if names in english else names


def class_number(target: str, names: Sequence[str], *, what: str = "target") -> int:
    """The number of a class that is given by its name, in either language, or by its number.

    Args:
        target: such as "cat" or "3".
        names: of class 0, 1, …
        what: the argument's name, for errors.

    Raises:
        ValueError: no class has this name, or several have.
    """

    def plain(name: str) -> str:
        return name.replace("_", " ").strip().casefold()

    wanted = plain(target)
    both = zip(names, shown(names), strict=True)
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
    raise unknown(what, target, shown(names))
