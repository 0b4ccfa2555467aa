"""The text of figures and pages in the current language."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import TypeVar

from ._errors import unknown

T = TypeVar("T")
LANGUAGES = {"en": "English", "ko": "한국어", "es": "Español"}

_language: ContextVar[str] = ContextVar("language", default="en")


@cache
def table(lang: str) -> dict[str, str]:
    """Read the translations of a language, by English message."""
    if lang == "en":  # the messages themselves are English
        return {}
    return json.loads((files("kerascnn") / "locale" / f"{lang}.json").read_text("utf-8"))


@contextmanager
def language(lang: str) -> Iterator[None]:
    """Set the language of `text` within a `with` block.

    Raises:
        ValueError: If `lang` is not "en", "ko" or "es".
    """
    if lang not in LANGUAGES:
        raise unknown("lang", lang, LANGUAGES)
    token = _language.set(lang)
    try:
        yield
    finally:
        _language.reset(token)


def in_all_languages(say: Callable[[], T]) -> dict[str, T]:
    """Call a function in each language, and return the results by language.

    >>> in_all_languages(lambda: text("loss"))
    {'en': 'loss', 'ko': '손실', 'es': 'pérdida'}
    """
    said = {}
    for lang in LANGUAGES:
        with language(lang):
            said[lang] = say()
    return said


def text(message: str, **values: object) -> str:
    """Translate a message into the current language, then fill in the values.

    >>> text("{count} parameters", count="61,706")
    '61,706 parameters'
    """
    translated = table(_language.get()).get(message, message)
    return translated.format(**values) if values else translated


_ = text


def class_texts(names: Iterable) -> list[str]:
    """Translate the class names of the toolkit's own data sets; others are not changed.

    >>> with language("es"):
    ...     class_texts(["background", "cell"]), class_texts(["cell", "other"])
    (['fondo', 'célula'], ['cell', 'other'])
    """
    names = [str(name) for name in names]
    with language("en"):
        english = _own_class_names()
    if tuple(names) not in english:
        return names
    return list(_own_class_names()[english.index(tuple(names))])


def _own_class_names() -> tuple[tuple[str, ...], ...]:
    """Return the class names of the toolkit's data sets in the current language."""
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
        (_("background"), _("nucleus")),
        (_("other"), _("gray matter"), _("white matter")),
        (_("background"), _("cell"), _("border")),
    )  # fmt: skip


def shape_text(shape: Iterable[float | None]) -> str:
    """Format a shape as in lectures, with "?" for an unknown size.

    >>> shape_text((55, 55, 96)), shape_text((None, None, 3))
    ('55×55×96', '?×?×3')
    """
    return "×".join("?" if size is None else str(size) for size in shape)
