"""The registry of kinds of exercises, and the conversion of problems to questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from random import Random

from kerascnn._errors import unknown

from ._question import Choice, Problem, Question

LEVELS = (1, 2, 3)
LETTERS = "ABCD"
FEWEST = 3  # choices: with two, half of all guesses would be right
ATTEMPTS = 200  # to draw numbers for which mistakes lead to wrong answers


@dataclass(frozen=True)
class Kind:
    """A kind of exercise.

    Attributes:
        name: name in `sheet` and on the command line.
        title: title in English, one line.
        function: function from a seeded `random.Random` and the level to a `Problem`.
        rows: rows of the course that it covers.
        fixed: number of questions if they are a fixed list; `None` if they are drawn.

    >>> import kerascnn as kc
    >>> kc.exercises.kinds()["shapes"].rows
    ('B5', 'B6', 'B7')
    """

    name: str
    title: str
    function: Callable[..., Problem]
    rows: tuple[str, ...]
    fixed: int | None = None


_kinds: dict[str, Kind] = {}


def exercise(
    *, title: str, rows: tuple[str, ...], fixed: int | None = None
) -> Callable[[Callable[..., Problem]], Callable[..., Problem]]:
    """Register a function that draws the numbers of a question and returns a `Problem`.

    Args:
        title: title in English, one line.
        rows: rows of the course that it covers, for example ("B7",).
        fixed: number of questions if they are a fixed list; the function is then called with the
            index of the question instead of a random generator.

    >>> import kerascnn as kc
    >>> @kc.exercises.exercise(title="Sums", rows=("F9",))
    ... def sums(rng, level):
    ...     a, b = rng.sample(range(3, 10 * level), 2)
    ...     mistakes = [(a * b, "The numbers were multiplied."), (a - b, "They were subtracted.")]
    ...     return kc.exercises.Problem(f"What is {a} + {b}?", a + b, [f"{a} + {b}"], mistakes)
    >>> kc.exercises.sheet("sums", count=1).questions[0].text
    'What is 6 + 7?'
    """

    def register(function: Callable[..., Problem]) -> Callable[..., Problem]:
        name = function.__name__.replace("_", "-")
        _kinds[name] = Kind(name, title, function, rows, fixed)
        return function

    return register


def kinds() -> dict[str, Kind]:
    """Return all kinds by name, in the order of the course.

    >>> import kerascnn as kc
    >>> kc.exercises.kinds()["shapes"].title
    'Output sizes'
    """
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):
        import_module(f"{__package__}.{file.stem}")
    return dict(sorted(_kinds.items(), key=lambda item: _place(item[1])))


def _place(kind: Kind) -> tuple:
    """Return a key for sorting by the first row in the course; lists of questions come last."""
    section, number = kind.rows[0][0], int(kind.rows[0][1:])
    return kind.fixed is not None, section, number, kind.name


def names() -> list[str]:
    """Return the names that `sheet` accepts.

    >>> import kerascnn as kc
    >>> kc.exercises.names()[:3]
    ['convolution', 'shapes', 'parameters']
    """
    return list(kinds())


def kind_named(name: str) -> Kind:
    """Return the kind with this name.

    Raises:
        ValueError: If no kind has this name.
    """
    known = kinds()
    if name not in known:
        raise unknown("exercise", name, known)
    return known[name]


def ask(kind: Kind, number: int, *, seed: int, level: int, lang: str) -> Question:
    """Draw the question with this number; the same seed draws the same numbers on any machine."""
    rng = Random(f"{kind.name} {level} {seed} {number}")
    for _attempt in range(ATTEMPTS):
        problem = kind.function(number if kind.fixed else rng, level)
        choices = _choices(problem, rng)
        if len(choices) >= FEWEST:
            return Question(
                kind.name,
                problem.text,
                problem.answer,
                choices,
                tuple(problem.steps),
                tuple(problem.grids),
                tuple(problem.pictures),
                problem.given,
                lang,
            )
    raise RuntimeError(f"the mistakes of exercise {kind.name!r} do not lead to wrong answers.")


def _choices(problem: Problem, rng: Random) -> tuple[Choice, ...]:
    """Return the right answer and wrong ones, all different, in random order."""
    seen = {problem.answer: ""}
    for value, mistake in problem.mistakes:
        seen.setdefault(value, mistake)
    chosen = list(seen.items())[: len(LETTERS)]
    rng.shuffle(chosen)
    return tuple(
        Choice(letter, value, mistake)
        for letter, (value, mistake) in zip(LETTERS, chosen, strict=False)
    )
