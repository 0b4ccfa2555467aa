"""A table as text, Markdown, LaTeX, CSV and HTML; layer names are escaped in each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kerascnn._markup import latex as latex_text
from kerascnn._markup import markdown as markdown_text
from kerascnn._markup import one_line
from kerascnn._text import text as _

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Table


class Cells(NamedTuple):
    """The contents of a table.

    Attributes:
        title: title above the table.
        headings: heading of each column.
        rows: cells of each row.
        totals: cells of the last row; an empty list if there is none.
        notes: sentences below the table.
        words: indices of the columns with words; the others, with numbers, are right-aligned.
        spared: columns to leave out, in this order, if the terminal is too narrow.
    """

    title: str
    headings: list[str]
    rows: list[list[str]]
    totals: list[str]
    notes: Sequence[str]
    words: Sequence[int]
    spared: list[int]


def text(cells: Cells, width: int | None) -> str:
    """Draw a table for a terminal of this width in characters; `None`: as wide as needed."""
    from rich.console import Console

    drawn = io.StringIO()
    console = Console(file=drawn, width=width or 10_000, color_system=None)
    if width is None:
        console.width = console.measure(_rich_table(cells)).maximum
    console.print(fitting(cells, console, console.options))
    return drawn.getvalue().rstrip("\n")


def fitting(cells: Cells, console: Console, options: ConsoleOptions) -> Table:
    """Return the table without the columns that do not fit, since numbers must not wrap."""
    for dropped in range(len(cells.spared) + 1):
        table = _rich_table(cells, cells.spared[:dropped])
        if console.measure(table, options=options.update(width=10_000)).maximum <= (
            options.max_width
        ):
            break
    return table


def _rich_table(cells: Cells, without: Sequence[int] = ()) -> Table:
    from rich.table import Table
    from rich.text import Text  # so that names are not read as markup

    notes = list(cells.notes)
    if without:
        hidden = ", ".join(cells.headings[i] for i in sorted(without))
        notes.append(_("The terminal is too narrow for: {columns}.", columns=hidden))
    title, caption = Text(one_line(cells.title)), Text(" ".join(map(one_line, notes)))
    table = Table(title=title, caption=caption, caption_justify="left")
    shown = [i for i in range(len(cells.headings)) if i not in without]
    for i in shown:
        justify = "left" if i in cells.words else "right"
        table.add_column(cells.headings[i], justify=justify, no_wrap=True)
    for row in cells.rows:
        table.add_row(*(Text(one_line(row[i])) for i in shown))
    if cells.totals:
        table.add_section()
        table.add_row(*(cells.totals[i] for i in shown), style="bold")
    return table


def markdown(cells: Cells) -> str:
    """Write a table in Markdown."""
    rules = [":--" if i in cells.words else "--:" for i in range(len(cells.headings))]
    rows = [map(markdown_text, row) for row in (*cells.rows, *_last(cells))]
    lines = ["| " + " | ".join(row) + " |" for row in (cells.headings, rules, *rows)]
    return "\n".join([*lines, "", *map(markdown_text, cells.notes)])


def _last(cells: Cells) -> list[list[str]]:
    """Return the row of totals, if there is one."""
    return [cells.totals] if cells.totals else []


def latex(cells: Cells) -> str:
    """Write a `tabular` in LaTeX, with the rules of the package booktabs."""
    headings, *rows = [
        " & ".join(map(latex_text, row)) + r" \\"
        for row in (cells.headings, *cells.rows, *_last(cells))
    ]
    if cells.totals:
        rows.insert(-1, r"\midrule")
    columns = "".join("rl"[i in cells.words] for i in range(len(cells.headings)))
    return "\n".join(
        [
            r"\begin{tabular}{" + columns + "}",
            r"\toprule",
            headings,
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            *(f"% {one_line(note)}" for note in cells.notes),
        ]
    )


def csv_text(names: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Write comma-separated values, with unformatted numbers."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return file.getvalue()


def html(cells: Cells) -> str:
    """Write an HTML `<table>`."""
    from markupsafe import escape

    def line(row: Sequence[str], tag: str = "td") -> str:
        sides = ["left" if i in cells.words else "right" for i in range(len(row))]
        parts = [
            f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>'
            for side, cell in zip(sides, row, strict=True)
        ]
        return f"<tr>{''.join(parts)}</tr>"

    return "\n".join(
        [
            f"<table>\n<caption>{escape(cells.title)}</caption>",
            f"<thead>{line(cells.headings, 'th')}</thead>\n<tbody>",
            *map(line, cells.rows),
            "</tbody>",
            *(f"<tfoot>{line(row, 'th')}</tfoot>" for row in _last(cells)),
            "</table>",
            f"<p>{escape(' '.join(cells.notes))}</p>",
        ]
    )


def _csv_cell(value: object) -> object:
    """Convert a cell for the csv module, which does not quote a lone carriage return."""
    if isinstance(value, tuple):  # sizes, or names
        value = ("; " if all(isinstance(v, str) for v in value) else "x").join(map(str, value))
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value
