"""Whose the images are that come with the packages that we use."""

from typing import NamedTuple


class Credit(NamedTuple):
    """Whose an image is.

    Attributes:
        by: who made it, or the collection that it comes from.
        rights: "CC0 1.0", "CC BY 4.0", "CC BY-SA 3.0", "public domain", "no known copyright
            restrictions" or "unknown".
        url: where it comes from.
    """

    by: str
    rights: str
    url: str
