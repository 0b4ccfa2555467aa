"""Slides of 16:9 for PowerPoint, LibreOffice and Keynote, from python-pptx's template."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from pptx import Presentation
from pptx.util import Emu, Inches, Pt

if TYPE_CHECKING:
    from pptx.presentation import Presentation as Deck
    from pptx.slide import Slide

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
TITLE_ONLY = 5  # index of a layout in the template


def new_deck() -> Deck:
    """Return a deck without slides."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
    return deck


def titled(deck: Deck, title: str, *, margin: int, height: int, points: float = 24) -> Slide:
    """Add a slide with a title at the top, between two margins."""
    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    box: Any = slide.shapes.title
    box.left, box.top, box.width, box.height = margin, Emu(0), Emu(WIDTH - 2 * margin), height
    box.text_frame.text = title
    for run in box.text_frame.paragraphs[0].runs:
        run.font.size = Pt(points)
    return slide


def contents(deck: Deck) -> bytes:
    """Return the contents of a .pptx file."""
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()
