"""What a table's cell may hold, written so that each format shows it as it is."""

import html
import re


def one_line(text: str) -> str:
    """Put a text that may have line breaks into one line."""
    return " ".join(text.splitlines()) if text.splitlines() else text


def csv_cell(value: object) -> object:
    """A cell that the csv module quotes as it must: it passes over a lone carriage return."""
    if isinstance(value, tuple):  # sizes, or names
        value = ("; " if all(isinstance(v, str) for v in value) else "x").join(map(str, value))
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


def escape_markdown(cell: str) -> str:
    """Let no sign of a name be read as Markdown or HTML; "a_b" is none."""
    cell = html.escape(one_line(cell), quote=False)
    cell = re.sub(r"([\\`*\[\]|$~#!])", r"\\\1", cell)
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\_", cell)


def escape_latex(cell: str) -> str:
    """Let no sign of a name be read as LaTeX."""
    special = {c: f"\\{c}" for c in "&%$#_{}"} | {
        "×": r"$\times$", "–": "--", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}", "|": r"\textbar{}", "<": r"\textless{}",
        ">": r"\textgreater{}", "`": r"\textasciigrave{}", "[": "{[}", "]": "{]}",
    }  # fmt: skip
    cell = one_line(cell)
    if "--" in cell:
        special["-"] = "{-}"  # not a dash
    start = "{}" if cell.startswith("*") else ""  # behind a line's end it would belong to that
    return start + "".join(special.get(c, c) for c in cell)
