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

MOST = 1000  # questions of a sheet
REDRAWN = 50  # times that a question is drawn again because the sheet has it already


@dataclass(frozen=True)
class Sheet:
    """Questions with their answers.

    Attributes:
        questions: the questions, in order.
        title: what they are about, in `lang`.
        names: the kinds that it was drawn from.
        seed: what they were drawn from; printed on sheet and answer key.
        level: 1 (numbers for the head), 2 or 3.
        lang: "en", "ko" or "es".
    """

    questions: tuple[Question, ...]
    title: str
    names: tuple[str, ...]
    seed: int
    level: int
    lang: str

    def save(self, path: str | Path, *, format: str | None = None) -> list[Path]:
        """Write the sheet and, beside it, the answer key.

        Args:
            path: the sheet's file; the key of "sheet.html" is "sheet-answers.html". A GIFT file
                has its answers in it and is a single file.
            format: "html", "md", "gift", "ipynb" or "pdf"; by default what `path` ends in.

        Returns:
            The files written.

        Raises:
            ValueError: unknown format.
            OSError: the folder is not writable; or PDF, and no Chromium or Chrome is installed to
                print it.
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
        names: kinds of exercises, in turn; see `kc.exercises.names()`. All by default.
        count: number of questions, at most 1000; by default 10, or all of "lectures".
        seed: the same seed gives the same questions, in every language.
        level: 1 has numbers for the head; 2 strides that leave pixels over, "same" padding and
            larger numbers; 3 dilation, groups and even kernels.
        lang: "en", "ko" or "es".

    Raises:
        ValueError: unknown kind or language; a count, seed or level out of range.

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
            f"count must be at most {sum(lists)}, as many questions as {chosen[0].name!r} has; "
            f"received {count!r}."
        )
    with language(lang):
        title = ", ".join(_(kind.title) for kind in chosen) if names else _("Exercises")
        questions = _drawn(chosen, count, seed=seed, level=level, lang=lang)
    return Sheet(questions, title, tuple(names), seed, level, lang)


def _drawn(chosen: Sequence[Kind], count: int, **how) -> tuple[Question, ...]:
    """Questions of the kinds in turn, none twice as long as there are others."""
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
