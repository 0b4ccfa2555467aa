"""Credits for the images that are included in other packages."""

from typing import NamedTuple


class Credit(NamedTuple):
    """The origin of an image and its license.

    Attributes:
        by: its author, or the collection that it is from.
        rights: "CC0 1.0", "CC BY 4.0", "CC BY-SA 3.0", "public domain", "no known copyright
            restrictions" or "unknown".
        url: its source.
    """

    by: str
    rights: str
    url: str
