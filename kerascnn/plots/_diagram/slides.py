"""A diagram for PowerPoint, LibreOffice and Keynote: one slide of native, editable shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_LINE
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from kerascnn.plots._slide import HEIGHT, WIDTH, contents, new_deck, titled
from kerascnn.plots._style import layer_style

from .volumes import SHIFT

if TYPE_CHECKING:
    from .parts import Box, Label, Layout, Point

MARGIN, HEAD = Inches(0.25), Inches(0.7)
SMALLER = 0.92  # font size relative to the space: fonts differ between programs
LINE = RGBColor(0x66, 0x66, 0x66)


def slides(layout: Layout, title: str | None = None) -> bytes:
    """Draw a layout on a 16:9 slide."""
    deck = new_deck()
    slide = titled(deck, title or "", margin=MARGIN, height=HEAD)
    draw_on(
        slide.shapes, layout, MARGIN, HEAD + MARGIN, WIDTH - 2 * MARGIN, HEIGHT - HEAD - 2 * MARGIN
    )
    return contents(deck)


def draw_on(shapes: Any, layout: Layout, left: int, top: int, width: int, height: int) -> None:
    """Draw a layout with shapes, as large as fits into part of a slide.

    Args:
        shapes: the shapes of a slide or of a group on it.
        layout: the diagram.
        left, top, width, height: the part of the slide, in EMU.
    """
    _Page(shapes, layout, left, top, width, height).draw(layout)


class _Page:
    """Shapes on a slide, with the scale at which the layout fills its space."""

    def __init__(
        self, shapes: Any, layout: Layout, left: int, top: int, width: int, height: int
    ) -> None:
        above = min([0.0, *(b.bounds[1] for b in layout.boxes), *(b.y - 1 for b in layout.labels)])
        first = min(0.0, *(x for e in layout.edges for x, _y in e.points), 0.0)
        last = max([layout.width, *(x for e in layout.edges for x, _y in e.points)])
        self.em = min(width / (last - first), height / (layout.height - above), Pt(20))
        self.x = left + (width - self.em * (last - first)) / 2 - self.em * first
        self.y = top + (height - self.em * (layout.height - above)) / 2 - self.em * above
        self.shapes = shapes

    def at(self, x: float, y: float) -> tuple[Emu, Emu]:
        return Emu(round(self.x + x * self.em)), Emu(round(self.y + y * self.em))

    def size(self, *lengths: float) -> tuple[Emu, ...]:
        return tuple(Emu(round(length * self.em)) for length in lengths)

    def draw(self, layout: Layout) -> None:
        for fold in layout.folds:
            frame = self._shape(
                MSO_SHAPE.ROUNDED_RECTANGLE, fold.x, fold.y, fold.width, fold.height
            )
            frame.name = f"×{fold.count}: {', '.join(fold.boxes)}"
            frame.adjustments[0] = 0.04
            frame.fill.background()
            frame.line.dash_style = MSO_LINE.DASH
        for edge in layout.edges:
            if edge.points:
                self._line(edge.points, f"{edge.start} → {edge.end}")
        on_blocks = {label.box: label for label in layout.labels}
        for box in layout.boxes:
            self._box(box, on_blocks.get(box.name))
        for label in layout.labels:
            if label.box is None:
                self._text(label)

    def _box(self, box: Box, label: Label | None) -> None:
        look = layer_style(box.kind)
        for nth in range(box.stack - 1, 0, -1):
            behind = self._shape(
                MSO_SHAPE.RECTANGLE, box.x + SHIFT * nth, box.y - SHIFT * nth, box.width, box.height
            )
            behind.name = f"{box.name} ({nth + 1})"
            _fill(behind, look.color)
        if box.depth and not box.stack:  # the height of PowerPoint's cube includes its depth
            shape = self._shape(
                MSO_SHAPE.CUBE, box.x, box.y - box.depth, box.width + box.depth,
                box.height + box.depth,
            )  # fmt: skip
            smaller = min(box.width, box.height) + box.depth
            shape.adjustments[0] = box.depth / smaller
        else:
            kind = MSO_SHAPE.RECTANGLE if box.stack else MSO_SHAPE.ROUNDED_RECTANGLE
            shape = self._shape(kind, box.x, box.y, box.width, box.height)
            if not box.stack:
                shape.adjustments[0] = 0.08
        shape.name = box.name
        _fill(shape, look.color)
        if label is not None:
            self._write(shape, label.text, look.text_color)

    def _shape(self, kind, x: float, y: float, width: float, height: float):
        shape = self.shapes.add_shape(kind, *self.at(x, y), *self.size(width, height))
        shape.line.color.rgb, shape.line.width = LINE, Pt(0.75)
        shape.shadow.inherit = False
        return shape

    def _line(self, points: tuple[Point, ...], name: str) -> None:
        builder = self.shapes.build_freeform(*self.at(*points[0]), scale=1.0)
        builder.add_line_segments([self.at(*point) for point in points[1:]], close=False)
        line: Any = builder.convert_to_shape()
        line.name = name
        line.fill.background()
        line.line.color.rgb, line.line.width = LINE, Pt(1)
        line.shadow.inherit = False
        ending = line.line._get_or_add_ln().makeelement(qn("a:tailEnd"), {"type": "triangle"})
        line.line._get_or_add_ln().append(ending)

    def _text(self, label: Label) -> None:
        width, height = label.width, label.height
        left, top = self.at(label.x - width / 2, label.y - height / 2)
        if label.upright:  # rotated about its center
            left, top = self.at(label.x - height / 2, label.y - width / 2)
            width, height = height, width
        box = self.shapes.add_textbox(left, top, *self.size(width, height))
        box.rotation = -90 if label.upright else 0
        if label.on_line:
            _fill(box, "#FFFFFF")
        self._write(box, label.text, "black")

    def _write(self, shape, text: str, color: str) -> None:
        frame = shape.text_frame
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.word_wrap = False
        frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        for nth, line in enumerate(text.split("\n")):
            paragraph = frame.paragraphs[0] if not nth else frame.add_paragraph()
            paragraph.alignment = PP_ALIGN.CENTER
            run = paragraph.add_run()
            run.text = line
            run.font.size = Pt(max(1, round(self.em * SMALLER / Pt(1), 1)))
            run.font.color.rgb = RGBColor(*((0, 0, 0) if color == "black" else (255, 255, 255)))


def _fill(shape, color: str) -> None:
    shape.fill.solid()
    shape.fill.fore_color.rgb = RGBColor.from_string(color[1:].upper())
