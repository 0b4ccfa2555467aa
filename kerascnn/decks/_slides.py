"""PowerPoint slides with vector graphics, and PNG for programs that do not support SVG."""

from __future__ import annotations

import io
from math import ceil
from typing import TYPE_CHECKING, Any

from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.util import Emu, Inches, Pt

from kerascnn._text import text as _
from kerascnn.plots._artists import text_width
from kerascnn.plots._diagram.slides import draw_on
from kerascnn.plots._slide import HEIGHT, WIDTH, contents, new_deck, titled

if TYPE_CHECKING:
    from pptx.slide import Slide

    from ._deck import Chapter, Page

MARGIN, TITLE_TOP, TITLE_HEIGHT = Inches(0.4), Inches(0.2), Inches(0.95)
GAP = Inches(0.15)  # between a diagram and the words below it
WORDS, LINE = 14, 1.5  # points of the words below a diagram, and their lines in ems
TITLE_SLIDE = 0  # index of a layout in python-pptx's template
# "Vector picture" in Microsoft's extension of Office Open XML, [MS-ODRAWXML] 2.3.
SVG_EXTENSION = "{96DAC541-7B7A-43D3-8B79-37D633B846F1}"
SVG_NAMESPACE = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"


def slides(chapters: list[Chapter], lang: str) -> bytes:
    """Make a slide for each section, its formulas and each figure."""
    deck = new_deck()
    for chapter in chapters:
        _section(deck, chapter)
        if chapter.formulas:
            _formulas(deck, chapter)
        for page in chapter.pages:
            _figure(deck, page)
    deck.core_properties.title = " · ".join(chapter.title for chapter in chapters)
    deck.core_properties.author, deck.core_properties.language = "kerascnn", lang
    return contents(deck)


def _section(deck, chapter: Chapter) -> None:
    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_SLIDE])
    slide.shapes.title.text = chapter.title
    box, subtitle = slide.shapes.title, slide.placeholders[1]
    box.left, box.top, box.width, box.height = MARGIN, Inches(2.4), WIDTH - 2 * MARGIN, Inches(1.5)
    subtitle._element.getparent().remove(subtitle._element)


def _titled(deck, title: str) -> Any:
    points = 28 if len(title) < 70 else 24
    slide = titled(deck, title, margin=MARGIN, height=TITLE_HEIGHT, points=points)
    box: Any = slide.shapes.title
    box.top = TITLE_TOP
    box.text_frame.word_wrap = True
    box.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    return slide


def _formulas(deck, chapter: Chapter) -> None:
    slide = _titled(deck, _("Formulas"))
    rows = len(chapter.formulas)
    frame = slide.shapes.add_table(
        rows, 3, MARGIN, Inches(1.5), Emu(WIDTH - 2 * MARGIN), Emu(Inches(0.7) * rows)
    )
    frame.table.first_row = False
    widths = (Inches(3.4), Inches(6.7), WIDTH - 2 * MARGIN - Inches(10.1))
    for nth, width in enumerate(widths):
        frame.table.columns[nth].width = Emu(width)
    for row, one in enumerate(chapter.formulas):
        for column, (text, size) in enumerate(
            ((one.name, 18), (one.formula, 20), (one.source, 12))
        ):
            cell = frame.table.cell(row, column)
            cell.text = text
            cell.vertical_anchor = MSO_ANCHOR.MIDDLE
            for run in cell.text_frame.paragraphs[0].runs:
                run.font.size = Pt(size)


def _figure(deck, page: Page) -> None:
    slide = _titled(deck, page.title)
    top = TITLE_TOP + TITLE_HEIGHT + Inches(0.1)
    room = WIDTH - 2 * MARGIN, HEIGHT - top - Inches(0.2)
    if page.diagram is None:
        _picture(slide, page, top, room)
    else:
        _diagram(slide, page, top, room)
    notes: Any = slide.notes_slide.notes_text_frame
    notes.text = f"{page.caption}\n\n{_('Source')}: kerascnn figures {page.name}"


def _diagram(slide: Any, page: Page, top: int, room: tuple[int, int]) -> None:
    """Draw a network with a group of shapes that can be edited, and the words below it."""
    assert page.diagram is not None
    texts = [line for words in page.words for line in words.split("\n")]
    lines = sum(ceil(text_width(text) * Pt(WORDS) / room[0]) for text in texts)
    below = round(LINE * Pt(WORDS) * lines)
    group = slide.shapes.add_group_shape()
    draw_on(group.shapes, page.diagram, MARGIN, top, room[0], room[1] - below - GAP)
    group.name = page.name
    group._element.nvGrpSpPr.cNvPr.set("descr", page.caption)
    box: Any = slide.shapes.add_textbox(
        MARGIN, Emu(top + room[1] - below), Emu(room[0]), Emu(below)
    )
    box.text_frame.word_wrap = True
    box.text_frame.margin_top = box.text_frame.margin_bottom = 0
    for nth, text in enumerate(texts):
        paragraph = box.text_frame.add_paragraph() if nth else box.text_frame.paragraphs[0]
        paragraph.text, paragraph.alignment = text, PP_ALIGN.CENTER
        paragraph.runs[0].font.size = Pt(WORDS)


def _picture(slide: Slide, page: Page, top: int, room: tuple[int, int]) -> None:
    picture: Any = slide.shapes.add_picture(io.BytesIO(page.png), Emu(0), Emu(0))
    scale = min(room[0] / picture.width, room[1] / picture.height)
    picture.width, picture.height = (
        Emu(int(picture.width * scale)),
        Emu(int(picture.height * scale)),
    )
    picture.left = Emu((WIDTH - picture.width) // 2)
    picture.top = Emu(top + (room[1] - picture.height) // 2)
    picture.name = page.name
    picture._element.nvPicPr.cNvPr.set("descr", page.caption)
    _add_vectors(slide, picture, page)


def _add_vectors(slide: Slide, picture, page: Page) -> None:
    """Add the SVG to the PNG; PowerPoint 2016 and newer versions show and edit the vectors."""
    package = slide.part.package
    part = Part(PackURI(f"/ppt/media/{page.name}.svg"), "image/svg+xml", package, page.svg)
    relation = slide.part.relate_to(part, RELATIONSHIP_TYPE.IMAGE)
    blip = picture._element.blipFill.blip
    namespace = {"a": blip.nsmap["a"]}
    extensions = blip.makeelement(f"{{{namespace['a']}}}extLst", {})
    extension = blip.makeelement(f"{{{namespace['a']}}}ext", {"uri": SVG_EXTENSION})
    attribute = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
    extension.append(
        blip.makeelement(
            f"{{{SVG_NAMESPACE}}}svgBlip", {attribute: relation}, nsmap={"asvg": SVG_NAMESPACE}
        )
    )
    extensions.append(extension)
    blip.append(extensions)
