"""The steps of a figure as an animation: a GIF, and a page with a slider."""

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
from matplotlib.colors import to_hex
from PIL import Image

from kerascnn._markup import data_uri, template
from kerascnn._text import text as _
from kerascnn.plots._style import readable_on

GIF_DPI = 100
FRAME_MS = 1500  # long enough to follow a sum of nine products


def gif(frames: Sequence[bytes]) -> bytes:
    """Join PNG images, whose resolution is a multiple of the GIF's."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow releases the GIL
        images = list(pool.map(_film_frame, frames))
    buffer = io.BytesIO()
    images[0].save(
        buffer, "GIF", save_all=True, append_images=images[1:], duration=FRAME_MS, loop=0
    )
    return buffer.getvalue()


def _film_frame(data: bytes) -> Image.Image:
    """Reduce a PNG page to the film's resolution and 256 colors."""
    page = Image.open(io.BytesIO(data))
    page = page.reduce(round(page.info["dpi"][0] / GIF_DPI)).convert("RGB")
    return page.convert("P", palette=Image.Palette.ADAPTIVE)


def player(frames: Sequence[bytes], kind: str, title: str, alt: str, lang: str) -> str:
    """Return a page that shows the frames one by one, with a slider, keys and a button.

    The page embeds the frames, so that it can be sent or moved on its own. It has the colors of the
    current style.

    Args:
        frames: the contents of one "svg" or "png" file per frame.
        kind: file type of the frames.
        title, alt, lang: title, alt text and language of the figure.
    """
    sources = [data_uri(frame, kind) for frame in frames]
    words = [
        _("Step {step} of {steps}", step=step, steps=len(frames))
        for step in range(1, len(frames) + 1)
    ]
    return template("figures/page", "player.html.jinja").render(
        lang=lang,
        title=title,
        alt=alt,
        frames=sources,
        words=words,
        play=_("Play"),
        stop=_("Pause"),
        previous=_("Previous step"),
        next=_("Next step"),
        slider=_("Step"),
        pause=FRAME_MS,
        ink=to_hex(mpl.rcParams["text.color"]),
        ground=to_hex(mpl.rcParams["figure.facecolor"]),
        scheme="light" if readable_on(mpl.rcParams["figure.facecolor"]) == "black" else "dark",
    )
