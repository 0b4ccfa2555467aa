"""Sheets of exercises: drawn from a seed, written as HTML, Markdown, GIFT, notebook or PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from kerascnn._checks import check_count, is_whole
from kerascnn._errors import unknown
from kerascnn._files import must_be_writable, write_atomically
from kerascnn._text import language
from kerascnn._text import text as _

from ._question import Question
from ._registry import LEVELS, Kind, ask, kind_named, kinds

MOST = 1000  # maximum number of questions in a sheet
REDRAWN = 50  # how often a question is drawn again if the sheet already contains it


@dataclass(frozen=True)
class Sheet:
    """Questions with their answers.

    Attributes:
        questions: the questions, in order.
        title: title in the language `lang`.
        names: names of the kinds of exercises.
        seed: random seed, which is printed on the sheet and the answer key.
        level: 1 (easy numbers), 2 or 3.
        lang: "en", "ko" or "es".

    >>> import tempfile, kerascnn as kc
    >>> quiz = kc.exercises.sheet("shapes", count=2, seed=7)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in quiz.save(f"{folder}/quiz.html")]
    ['quiz.html', 'quiz-answers.html']
    """

    questions: tuple[Question, ...]
    title: str
    names: tuple[str, ...]
    seed: int
    level: int
    lang: str

    def save(self, path: str | Path, *, format: str | None = None) -> list[Path]:
        """Write the sheet, and the answer key to a file beside it.

        Args:
            path: file of the sheet; the key of "sheet.html" is "sheet-answers.html". GIFT is a
                single file, which contains the answers.
            format: "html", "md", "gift", "ipynb" or "pdf"; by default, the extension of `path`.

        Returns:
            The paths of the files.

        Raises:
            ValueError: If the format is unknown.
            OSError: If the folder is not writable, or PDF is requested and neither Chromium nor
                Chrome is installed.
        """
        from ._formats import FORMATS

        path = Path(path)
        kind = path.suffix[1:] if format is None else format
        if kind not in FORMATS:
            raise unknown("format", kind, FORMATS)
        with language(self.lang):
            pages = FORMATS[kind](self)
        names = [path, path.with_name(f"{path.stem}-answers{path.suffix}")]
        with must_be_writable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            for name, page in zip(names, pages, strict=False):
                write_atomically(name, page)
        return names[: len(pages)]


def sheet(
    names: str | Sequence[str] = (),
    *,
    count: int | None = None,
    seed: int = 0,
    level: int = 1,
    lang: str = "en",
) -> Sheet:
    """Draw a sheet of exercises.

    Args:
        names: kinds of exercises, which take turns; see `kc.exercises.names()`. All by default.
        count: number of questions, at most 1000; by default 10, or all of "lectures".
        seed: random seed; the same seed draws the same questions, in every language.
        level: 1 for easy numbers; 2 for larger numbers, strides that may leave out pixels and
            "same" padding; 3 for dilation, groups and even kernels.
        lang: "en", "ko" or "es".

    Returns:
        A `Sheet`.

    Raises:
        ValueError: If a kind or the language is unknown, or a count, seed or level is out of range.

    >>> import kerascnn as kc
    >>> first, second = kc.exercises.sheet("shapes", count=2, seed=7).questions
    >>> print(first.text)
    Input volume: 25×25×3. Layer: convolution, 8 filters, kernel 5×5, stride 2, no padding. What
    is the size of the output volume?
    >>> first.answer, first.letter
    ((11, 11, 8), 'D')
    """
    names = [names] if isinstance(names, str) else list(dict.fromkeys(names))
    chosen = [kind_named(name) for name in names] or [k for k in kinds().values() if not k.fixed]
    if level not in LEVELS or not is_whole(level):
        raise ValueError(f"level must be 1, 2 or 3; received {level!r}.")
    check_count("seed", seed, 0)
    lists = [kind.fixed for kind in chosen if kind.fixed]
    all_listed = len(lists) == len(chosen)
    if count is None:
        count = sum(lists) if all_listed else 10
    if check_count("count", count) > MOST:
        raise ValueError(f"count must be at most {MOST}; received {count!r}.")
    if all_listed and count > sum(lists):
        raise ValueError(
            f"count must be at most {sum(lists)}, the number of questions in {chosen[0].name!r}; "
            f"received {count!r}."
        )
    with language(lang):
        title = ", ".join(_(kind.title) for kind in chosen) if names else _("Exercises")
        questions = _drawn(chosen, count, seed=seed, level=level, lang=lang)
    return Sheet(questions, title, tuple(names), seed, level, lang)


def _drawn(chosen: Sequence[Kind], count: int, **how) -> tuple[Question, ...]:
    """Draw questions of each kind in turn, without repetition as long as there are others."""
    drawn: list[Question] = []
    seen: set[tuple] = set()
    numbers = dict.fromkeys((kind.name for kind in chosen), 0)
    open_kinds = cycle(chosen)
    while len(drawn) < count:
        kind = next(open_kinds)
        if kind.fixed is not None and numbers[kind.name] >= kind.fixed:
            continue
        for _attempt in range(REDRAWN):
            one = ask(kind, numbers[kind.name], **how)
            numbers[kind.name] += 1
            key = (one.kind, *one.given.values())
            if key not in seen or kind.fixed is not None:
                break
        seen.add(key)
        drawn.append(one)
    return tuple(drawn)
