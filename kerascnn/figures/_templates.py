"""The templates of pages, in `page/`."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, Template


def template(name: str) -> "Template":
    """Return a template, which escapes what it is given."""
    return _environment().get_template(name)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader

    return Environment(
        loader=PackageLoader("kerascnn.figures", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
