"""Check an answer to a question, and explain what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational, Real
from typing import cast

from kerascnn._text import language
from kerascnn._text import text as _

from ._question import Question, Value, is_rows

GROUPED = re.compile(r"-?\d{1,3}([,. ]\d{3})+")  # thousands: 61,706 or, in Spanish, 61.706


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and why; it is truthy if the answer is right.

    Attributes:
        right: whether the answer is right.
        why: the common mistake that leads to a wrong answer, or the solution.

    >>> import kerascnn as kc
    >>> question = kc.exercises.sheet("lectures").questions[1]
    >>> verdict = kc.exercises.check(question, 750)
    >>> bool(verdict), verdict.why
    (False, 'Wrong. The biases were forgotten.')
    """

    right: bool
    why: str

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return self.why


def check(question: Question, answer: object) -> Verdict:
    """Check whether an answer is right, and explain why.

    Args:
        question: a question from a `sheet`.
        answer: a number; a shape as (32, 32, 10) or "32x32x10"; rows of numbers as lists or an
            array; the name of a layer; or the letter of a choice. `...`, the placeholder in
            notebooks, means that there is no answer yet.

    Returns:
        A `Verdict`.

    Raises:
        ValueError: If the type of the answer does not fit the question.

    >>> import kerascnn as kc
    >>> question = kc.exercises.sheet("lectures").questions[1]
    >>> print(question.text)
    Input volume: 32×32×3. Layer: convolution, 10 filters, kernel 5×5, stride 1, padding 2. How many
    parameters does it have, biases included?
    >>> bool(kc.exercises.check(question, 760))
    True
    >>> print(kc.exercises.check(question, 750))
    Wrong. The biases were forgotten.
    """
    with language(question.lang):
        if answer is ...:
            return Verdict(False, _("No answer yet."))
    value = _read(question, answer)
    with language(question.lang):
        if value == question.answer:
            return Verdict(True, _("Right. {why}", why=" ".join(question.steps[-1:])))
        for choice in question.choices:
            if value == choice.value:
                return Verdict(False, _("Wrong. {why}", why=choice.mistake))
        return Verdict(False, _("Wrong. {why}", why="; ".join(question.steps)))


def _read(question: Question, answer: object) -> Value:
    """Convert an answer to the type of the right answer."""
    if isinstance(answer, str) and re.fullmatch(r"\s*[A-Za-z]\s*", answer):
        for choice in question.choices:
            if choice.letter == answer.strip().upper():
                return choice.value
    try:
        value = _value(question.answer, answer)
    except (TypeError, ValueError, OverflowError):
        value = None
    if value is None:
        letters = ", ".join(repr(choice.letter) for choice in question.choices)
        raise ValueError(
            f"answer must be {_expected(question.answer)}, or one of {letters}; "
            f"received {answer!r}."
        )
    return value


def _expected(value: Value) -> str:
    if isinstance(value, str):
        return "the name of a layer"
    if is_rows(value):
        return f"{len(value)} rows of {len(value[0])} numbers, or of another size"
    if isinstance(value, tuple):
        return "a shape such as (32, 32, 10)"
    return "a number"


def _value(like: Value, answer: object) -> Value | None:
    if isinstance(like, str):
        return answer.strip() if isinstance(answer, str) else None
    if is_rows(like):
        rows = tuple(tuple(_number(n) for n in row) for row in _listed(answer))
        return rows if rows and all(rows) else None
    if isinstance(like, tuple):
        if isinstance(answer, str):
            answer = re.split(r"\s*[x×,]\s*", answer.strip(" ()[]"))
        sizes = tuple(
            _number(n) for n in _listed(answer)
        )  # a fraction is not a size, so it is wrong
        return cast(tuple[int, ...], sizes) or None
    if isinstance(answer, str):
        answer = answer.strip().replace("−", "-")
        if GROUPED.fullmatch(answer):
            answer = re.sub("[,. ]", "", answer)
    return _number(answer)


def _listed(answer: object) -> Iterable:
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        raise TypeError
    return answer


def _number(value: object) -> int | Fraction:
    if isinstance(value, bool):
        raise TypeError
    if not isinstance(value, Rational | str):
        value = float(cast(Real, value))  # NumPy's float32, too
    exact = Fraction(value)
    return int(exact) if exact.denominator == 1 else exact
