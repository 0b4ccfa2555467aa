"""The words that the extensions put on pages, in the language of the site."""

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LOCALE = Path(__file__).parents[1] / "locale"
LANGUAGES = ("en", "ko", "es")


@cache
def catalogue(lang: str, name: str = "site") -> dict[str, str]:
    """Return the translations of a language, by English text."""
    with (LOCALE / lang / "LC_MESSAGES" / f"{name}.po").open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if one.id}


def word(text: str, lang: str) -> str:
    """Translate a text; it must have a translation."""
    return text if lang == "en" else catalogue(lang)[text]
