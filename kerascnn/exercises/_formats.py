"""The formats of sheets: each function returns the bytes of a sheet and of its answer key."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from kerascnn._markup import data_uri, markdown, template
from kerascnn._print import printed
from kerascnn._text import text as _

from ._question import Grid, Question, is_rows, number_text, value_text

if TYPE_CHECKING:
    from ._sheet import Sheet

GIFT = re.compile(r"([\\~=#{}:])")


def as_html(sheet: Sheet) -> list[bytes]:
    """Write a page that prints well, and its answer key."""
    page = template("exercises", "sheet.html.jinja")
    return [
        page.render(
            sheet=sheet, key=key, is_rows=is_rows, number_text=number_text, value_text=value_text,
            data_uri=data_uri, _=_,
        ).encode()
        for key in (False, True)
    ]  # fmt: skip


def as_pdf(sheet: Sheet) -> list[bytes]:
    """Print the HTML pages."""
    return [printed(page) for page in as_html(sheet)]


def as_markdown(sheet: Sheet) -> list[bytes]:
    """Write a page of Markdown, and its answer key."""
    pages = []
    for key in (False, True):
        lines = [
            f"# {markdown(sheet.title)}{' – ' + _('answers') if key else ''}",
            "",
            _origin(sheet),
        ]
        for number, one in enumerate(sheet.questions, 1):
            lines += ["", f"## {number}.", "", *_md_question(one)]
            if key:
                lines += ["", *_md_solution(one)]
        pages.append("\n".join([*lines, ""]).encode())
    return pages


def as_gift(sheet: Sheet) -> list[bytes]:
    """Write questions for Moodle; a single file contains questions, answers and feedback."""
    lines = [f"// {_origin(sheet)}"]
    for number, one in enumerate(sheet.questions, 1):
        lines += [
            "",
            f"$CATEGORY: kerascnn/{one.kind}",
            "",
            f"::{one.kind} {sheet.seed}-{sheet.level}-{number}::[html]{_gift_html(one)} {{",
        ]
        for choice in one.choices:
            value = f"[html]{GIFT.sub(_escaped, _html_value(choice.value))}"
            why = f"#[html]{GIFT.sub(_escaped, html.escape(choice.mistake))}"
            lines.append(f"={value}" if choice.is_right else f"~{value}{why}")
        solution = "<br>".join(html.escape(step) for step in one.steps)
        lines += [f"####[html]{GIFT.sub(_escaped, solution)}", "}"]
    return ["\n".join([*lines, ""]).encode()]


def as_notebook(sheet: Sheet) -> list[bytes]:
    """Write a Jupyter notebook with cells to fill in, and one with the solutions."""
    arguments = (
        f"{list(sheet.names)!r}, count={len(sheet.questions)}, seed={sheet.seed}, "
        f"level={sheet.level}, lang={sheet.lang!r}"
    )
    setup = f"import kerascnn as kc\n\nquestions = kc.exercises.sheet({arguments}).questions"
    books = []
    for key in (False, True):
        title = f"# {markdown(sheet.title)}\n\n{_origin(sheet)}"
        cells = [_cell("markdown", title), _cell("code", setup)]
        for number, one in enumerate(sheet.questions, 1):
            text = [f"## {number}.", "", *_md_question(one)]
            cells.append(_cell("markdown", "\n".join(text)))
            if key:
                cells.append(_cell("markdown", "\n".join(_md_solution(one))))
            answer = repr(one.letter) if key else "..."
            code = f"answer = {answer}\nprint(kc.exercises.check(questions[{number - 1}], answer))"
            cells.append(_cell("code", code))
        for nth, cell in enumerate(cells):
            cell["id"] = f"cell-{nth}"
        book = {
            "cells": cells,
            "metadata": {
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        books.append((json.dumps(book, ensure_ascii=False, indent=1) + "\n").encode())
    return books


FORMATS: dict[str, Callable[[Sheet], list[bytes]]] = {
    "html": as_html,
    "md": as_markdown,
    "gift": as_gift,
    "ipynb": as_notebook,
    "pdf": as_pdf,
}


def _origin(sheet: Sheet) -> str:
    return _("kerascnn exercises, seed {seed}, level {level}", seed=sheet.seed, level=sheet.level)


def _cell(kind: str, source: str) -> dict:
    cell = {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _md_question(one: Question) -> list[str]:
    lines = ["  \n".join(map(markdown, one.text.split("\n")))]
    for grid in one.grids:
        lines += ["", f"{markdown(grid.name)}:", "", *_block(grid)]
    for picture in one.pictures:
        address = data_uri(picture.png(), "png")
        lines += ["", f"{markdown(picture.name)}: ![{markdown(picture.alt)}]({address})"]
    for choice in one.choices:
        if is_rows(choice.value):
            lines += ["", f"{choice.letter})", "", *_block(Grid("", choice.value))]
        else:
            lines += ["", f"{choice.letter}) {markdown(value_text(choice.value))}"]
    return lines


def _md_solution(one: Question) -> list[str]:
    wrong = [choice for choice in one.choices if not choice.is_right]
    return [
        f"**{_('Answer: {letter}', letter=one.letter)}**",
        "",
        *(f"- {markdown(step)}" for step in one.steps),
        "",
        *(f"- {choice.letter}: {markdown(choice.mistake)}" for choice in wrong),
    ]


def _block(grid: Grid) -> list[str]:
    """Write a block of text with aligned columns of numbers."""
    texts = [[number_text(n) for n in row] for row in grid.rows]
    wide = max(len(text) for row in texts for text in row)
    return ["```", *("  ".join(text.rjust(wide) for text in row) for row in texts), "```"]


def _escaped(found: re.Match) -> str:
    return f"\\{found[1]}"


def _html_value(value) -> str:
    if not is_rows(value):
        return html.escape(value_text(value))
    rows = "".join(
        f"<tr>{''.join(f'<td>{number_text(n)}</td>' for n in row)}</tr>" for row in value
    )
    return f'<table border="1" cellpadding="4">{rows}</table>'


def _gift_html(one: Question) -> str:
    parts = [f"<p>{html.escape(one.text)}</p>".replace("\n", "<br>")]
    parts += [f"<p>{html.escape(grid.name)}</p>{_html_value(grid.rows)}" for grid in one.grids]
    parts += [
        f'<p>{html.escape(picture.name)}</p><img alt="{html.escape(picture.alt)}" '
        f'src="{data_uri(picture.png(), "png")}">'
        for picture in one.pictures
    ]
    return GIFT.sub(_escaped, "".join(parts))
