"""Texts, pictures and templates in LaTeX, Markdown and HTML."""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, Template

TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def one_line(text: str) -> str:
    """Join the lines of a text."""
    return " ".join(text.splitlines()) if text.splitlines() else text


def markdown(text: str) -> str:
    """Escape a text for Markdown and HTML; "a_b" is safe as it is.

    >>> markdown("a_b * <c>")
    'a_b \\\\* &lt;c&gt;'
    """
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*\[\]|$~#!])", r"\\\1", text)
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\_", text)


def latex(text: str) -> str:
    """Escape a text for LaTeX.

    >>> latex("a_b & 3×3")
    'a\\\\_b \\\\& 3$\\\\times$3'
    """
    special = {c: f"\\{c}" for c in "&%$#_{}"} | {
        "×": r"$\times$", "–": "--", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}", "|": r"\textbar{}", "<": r"\textless{}",
        ">": r"\textgreater{}", "`": r"\textasciigrave{}", "[": "{[}", "]": "{]}",
    }  # fmt: skip
    text = one_line(text)
    if "--" in text:
        special["-"] = "{-}"  # otherwise a dash
    start = "{}" if text.startswith("*") else ""  # otherwise an option of the line break before it
    return start + "".join(special.get(c, c) for c in text)


def data_uri(data: bytes, kind: str) -> str:
    """Encode a picture, "svg" or "png", as a data URI."""
    return f"data:{TYPES[kind]};base64,{base64.b64encode(data).decode()}"


def template(room: str, name: str) -> Template:
    """Return a template, which escapes the values inserted into it.

    Args:
        room: the part of the package with the file, such as "decks" or "figures/page".
        name: name of the file.
    """
    return _environment(room).get_template(name)


@cache
def _environment(room: str) -> Environment:
    from jinja2 import Environment, PackageLoader

    return Environment(
        loader=PackageLoader("kerascnn", room),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
