"""A table of layers as slides with native tables, editable in PowerPoint and LibreOffice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Emu, Inches, Pt

from kerascnn._markup import one_line

from ._artists import text_width
from ._slide import WIDTH, contents, new_deck, titled

if TYPE_CHECKING:
    from kerascnn._describe.formats import Cells

MARGIN, TITLE = Inches(0.4), Inches(0.9)
ROWS = 18  # per slide, including headings and totals
SIZE, SMALLEST = 14, 9  # font sizes in points
ROW = Inches(0.33)
GAP = 1.4  # between the columns' texts, in ems
HEAD, STRIPE, PLAIN = "1F4E79", "EAF1F8", "FFFFFF"


def slides(cells: Cells, title: str | None = None) -> bytes:
    """Write a table on as many slides as its rows need, each with the headings.

    Raises:
        ValueError: If the columns do not fit a slide in readable type.
    """
    table = zip(cells.headings, *cells.rows, cells.totals, strict=True)
    ems = [max(text_width(one_line(text)) for text in column) + GAP for column in table]
    size = min(SIZE, (WIDTH - 2 * MARGIN) / Pt(1) / sum(ems))
    if size < SMALLEST:
        raise ValueError(
            f"columns must fit a slide with type of at least {SMALLEST} points; "
            f"{len(ems)} columns fit with {size:.1f}. Choose fewer with columns."
        )
    deck = new_deck()
    body = [*cells.rows, cells.totals]
    room = ROWS - 1
    parts = [body[i : i + room] for i in range(0, len(body), room)]
    for nth, part in enumerate(parts, 1):
        number = f" ({nth}/{len(parts)})" if len(parts) > 1 else ""
        name = one_line(title or cells.title) + number
        slide: Any = titled(deck, name, margin=MARGIN, height=TITLE)
        rows, width = len(part) + 1, round(sum(ems) * Pt(size))
        left = Emu((WIDTH - width) // 2)
        frame = slide.shapes.add_table(rows, len(ems), left, TITLE, Emu(width), Emu(ROW * rows))
        frame.name = cells.title
        for i, em in enumerate(ems):
            frame.table.columns[i].width = Emu(round(em * Pt(size)))
        for at, row in enumerate([cells.headings, *part]):
            whole = at == 0 or row is cells.totals
            for i, text in enumerate(row):
                ground = HEAD if at == 0 else STRIPE if at % 2 == 0 else PLAIN
                _write(frame.table.cell(at, i), one_line(text), size, ground, whole=whole,
                       words=i in cells.words)  # fmt: skip
        slide.notes_slide.notes_text_frame.text = "\n".join(cells.notes)
    return contents(deck)


def _write(cell: Any, text: str, size: float, ground: str, *, whole: bool, words: bool) -> None:
    cell.margin_top = cell.margin_bottom = 0
    cell.margin_left = cell.margin_right = Emu(round(GAP / 3 * Pt(size)))
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.fill.solid()
    cell.fill.fore_color.rgb = RGBColor.from_string(ground)
    frame = cell.text_frame
    frame.word_wrap = False
    paragraph = frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.LEFT if words else PP_ALIGN.RIGHT
    run = paragraph.add_run()
    run.text = text
    run.font.size, run.font.bold = Pt(round(size, 1)), whole
    run.font.color.rgb = RGBColor.from_string(PLAIN if ground == HEAD else "000000")
