"""The parts of an exercise: text, grids and pictures, answer, choices and solution."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeGuard, cast

from kerascnn._text import shape_text

Number = int | Fraction
Rows = tuple[tuple[Number, ...], ...]
# A number, the shape of a volume, a grid of numbers, or the name of a layer.
Value = Number | tuple[int, ...] | Rows | str

SHORT = 3  # maximum number of decimals; other numbers are written as fractions


@dataclass(frozen=True)
class Grid:
    """Numbers in rows, such as an input or a kernel, with a name.

    >>> import kerascnn as kc
    >>> question = kc.exercises.sheet("convolution", count=1).questions[0]
    >>> [grid.name for grid in question.grids]
    ['input', 'kernel']
    """

    name: str
    rows: Rows


@dataclass(frozen=True)
class Picture:
    """A picture with a name; `png()` computes it when a sheet is written.

    Attributes:
        name: title above the picture.
        alt: alternative text for readers who cannot see it.
        png: function that returns the bytes of a PNG file.

    >>> import kerascnn as kc
    >>> question = kc.exercises.sheet("which-kernel", count=1).questions[0]
    >>> question.pictures[0].alt, question.pictures[0].png()[1:4]
    ('a part of a photo', b'PNG')
    """

    name: str
    alt: str
    png: Callable[[], bytes] = field(compare=False)


@dataclass(frozen=True)
class Problem:
    """A question before its choices are drawn, as returned by the function of a kind.

    Attributes:
        text: the question, in the current language.
        answer: the right answer.
        steps: the solution, one line per step.
        mistakes: wrong answers, each with the mistake that leads to it, most common first. Those
            that happen to equal the answer are left out.
        grids, pictures: grids and pictures that belong to the question.
        given: the numbers behind the question, for programs.

    >>> import kerascnn as kc
    >>> mistake = 6, "The numbers were multiplied."
    >>> kc.exercises.Problem("What is 2 + 3?", 5, ["2 + 3 = 5"], [mistake]).answer
    5
    """

    text: str
    answer: Value
    steps: Sequence[str]
    mistakes: Sequence[tuple[Value, str]]
    grids: Sequence[Grid] = ()
    pictures: Sequence[Picture] = ()
    given: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """One of the answers to choose from.

    Attributes:
        letter: "A", "B", …
        value: the answer.
        mistake: the mistake that leads to it; empty for the right answer.

    >>> import kerascnn as kc
    >>> question = kc.exercises.sheet("shapes", count=1, seed=7).questions[0]
    >>> [choice.letter for choice in question.choices if choice.is_right]
    ['D']
    """

    letter: str
    value: Value
    mistake: str = ""

    @property
    def is_right(self) -> bool:
        """Whether this is the right answer."""
        return not self.mistake


@dataclass(frozen=True)
class Question:
    """A question with its choices and solution.

    Attributes:
        kind: the name of its kind.
        text: the question.
        answer: the right answer: a number, a shape, rows of numbers, or a name.
        choices: the right answer among wrong ones, in random order.
        steps: the solution, one line per step.
        grids, pictures: grids and pictures that belong to the question.
        given: the numbers behind the question.
        lang: the language of all texts.

    >>> import kerascnn as kc
    >>> question = kc.exercises.sheet("shapes", count=1, seed=7).questions[0]
    >>> question.answer, question.letter
    ((11, 11, 8), 'D')
    """

    kind: str
    text: str
    answer: Value
    choices: tuple[Choice, ...]
    steps: tuple[str, ...]
    grids: tuple[Grid, ...] = ()
    pictures: tuple[Picture, ...] = ()
    given: Mapping[str, object] = field(default_factory=dict, repr=False)
    lang: str = "en"

    @property
    def letter(self) -> str:
        """The letter of the right choice."""
        return next(choice.letter for choice in self.choices if choice.is_right)


def is_rows(value: Value) -> TypeGuard[Rows]:
    """Return whether a value is a grid of numbers."""
    return isinstance(value, tuple) and isinstance(value[0], tuple)


def number_text(value: Number) -> str:
    """Format a number with a real minus sign, commas for thousands, and fractions if needed.

    >>> number_text(-61706), number_text(Fraction(9, 4)), number_text(Fraction(4, 3))
    ('−61,706', '2.25', '4/3')
    """
    value = Fraction(value)
    if value.denominator == 1:
        text = f"{int(value):,}"
    elif 10**SHORT % value.denominator == 0:
        text = f"{float(value):g}"
    else:
        text = str(value)
    return text.replace("-", "−")


def value_text(value: Value) -> str:
    """Write an answer on one line.

    >>> value_text((32, 32, 10)), value_text(((1, -2), (0, 4)))
    ('32×32×10', '1 −2 / 0 4')
    """
    if isinstance(value, str):
        return value
    if is_rows(value):
        return " / ".join(" ".join(number_text(n) for n in row) for row in value)
    return (
        shape_text(cast(tuple[int, ...], value)) if isinstance(value, tuple) else number_text(value)
    )
