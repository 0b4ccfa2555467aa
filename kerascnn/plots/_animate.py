"""Animations as GIF, or as MP4 where ffmpeg is installed."""

import itertools
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from kerascnn._checks import is_number, is_whole
from kerascnn._errors import unknown
from kerascnn._files import replacing

from ._artists import text_width
from ._check import pictures, single
from ._mosaic import check_titles
from ._style import as_written
from ._table import steps_in_words

FORMATS = (".gif", ".mp4")
SIDE = 320  # pixels: smaller frames are enlarged up to this side
FASTEST_GIF = 50  # frames per second; browsers slow down anything faster
COLORS = 256  # in a GIF
SAMPLE = 2**18  # pixels sampled from all frames to choose the colors
BAND = 1.7  # height of the band with the label, in ems
TYPE = (15, 0.05)  # font size of the labels: pixels, or a fraction of the frame's height
QUALITY = 18  # ffmpeg's constant rate factor: visually lossless


def animate(
    frames: ArrayLike | Sequence,
    path: str | Path,
    *,
    fps: float = 10,
    hold: float = 1.0,
    ping_pong: bool = False,
    labels: Sequence | None = None,
    scale: int | None = None,
) -> Path:
    """Write images as an endless animation (GIF) or a video (MP4).

    All frames of a GIF share one palette, chosen from all of them, so that nothing flickers. If
    writing fails, no incomplete file is left.

    Args:
        frames: (S, H, W), (S, H, W, 1) or (S, H, W, 3), or a list of S such images; float in [0, 1]
            or uint8. In a list, images may have a batch axis of length 1, and smaller ones, such as
            the octaves of a dream, are enlarged to the size of the largest.
        path: file name ending in ".gif" or ".mp4"; MP4 requires the program ffmpeg.
        fps: frames per second.
        hold: extra time in seconds for the last frame.
        ping_pong: whether to play the frames backwards afterwards, back to the first.
        labels: S texts to write below the frames; numbers are labeled as steps.
        scale: integer factor by which to enlarge the frames; `None` enlarges small frames, such as
            digits, to about 300 pixels.

    Returns:
        The path.

    Raises:
        TypeError: If `frames` is not numeric.
        ValueError: If the shape or the number of labels is wrong, a value is NaN or outside [0, 1],
            or the frames differ in aspect ratio.
        OSError: If ffmpeg is missing or the file cannot be written.

    >>> animate(np.random.default_rng(0).random((5, 8, 8)), "noise.gif").name
    'noise.gif'

    The intermediate images of `deep_dream`, `style_transfer` or `maximize_activation`:

    >>> import kerascnn as kc
    >>> model, digit, frames = kc.build_lenet5(weights="mnist"), np.zeros((1, 28, 28, 1)), []
    >>> dream = kc.visualize.deep_dream(
    ...     model, digit, "c1", octaves=2, steps=3, callback=lambda step, x, _: frames.append(x)
    ... )
    >>> [frame.shape for frame in frames[::3]]
    [(1, 20, 20, 1), (1, 28, 28, 1)]
    >>> animate(frames, "dream.gif").name
    'dream.gif'
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise unknown("the end of path", path.suffix, FORMATS)
    gif = path.suffix.lower() == ".gif"
    if not is_number(fps) or not 0 < fps <= (FASTEST_GIF if gif else np.inf):
        raise ValueError(
            f"fps must be above 0, and up to {FASTEST_GIF} in a GIF; received {fps}:"
            " use .mp4 for more"
        )
    if not is_number(hold) or hold < 0:
        raise ValueError(f"hold must be 0 or more seconds; received {hold}")
    if scale is not None and not is_whole(scale, 1):
        raise ValueError(f"scale must be a whole number, 1 or more; received {scale}")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path must be in an existing folder; received {str(path)!r}: create {path.parent}"
        )
    ffmpeg = "" if gif else _ffmpeg()
    frames = _frames(frames)
    check_titles("labels", labels, len(frames))

    if scale is None:
        scale = max(1, SIDE // max(frames.shape[1:3]))
    if scale > 1:
        frames = frames.repeat(scale, axis=1).repeat(scale, axis=2)
    if labels is not None:
        frames = _labelled(frames, steps_in_words(labels))
    order = list(range(len(frames)))
    if ping_pong:
        order += order[-2:0:-1]
    seconds = [1 / fps + hold * (nth == len(frames) - 1) for nth in order]
    with replacing(path) as new:
        if gif:
            _write_gif(new, frames, order, seconds)
        else:
            _write_mp4(new, ffmpeg, frames, order, seconds, fps)
    return path


def _frames(frames) -> np.ndarray:
    """Check the frames; return them as uint8, (S, H, W) or (S, H, W, 3)."""
    if isinstance(frames, Sequence) or np.ndim(frames) == 5:
        frames = [single(frame) for frame in frames]
        if batches := [len(frame) for frame in frames if np.ndim(frame) == 4]:
            raise ValueError(
                f"frames must be single images; received a batch of {batches[0]}: choose one, "
                "[frame[0] for frame in frames]"
            )
        frames = _in_one_size(frames)
    checked = pictures("frames", frames, "S")
    return np.round(255 * checked).astype(np.uint8)


def _in_one_size(frames: list) -> list:
    """Enlarge the frames to the size of the largest if they differ in size only."""
    if len({np.shape(frame) for frame in frames}) <= 1:
        return frames
    checked = [pictures(f"frames[{nth}]", frame) for nth, frame in enumerate(frames)]
    shapes = {frame.shape for frame in checked}
    height, width, *channels = max(shapes, key=lambda shape: np.prod(shape[:2]))
    for h, w, *others in shapes:
        # The aspect ratios must agree, except that each side may be rounded by half a pixel.
        if others != channels or 2 * abs(h * width - w * height) > height + width:
            raise ValueError(
                "frames must have the same size or, like octaves, the same aspect ratio; received "
                f"{', '.join(map(str, sorted(shapes)))}"
            )
    images = [Image.fromarray(np.uint8(np.round(255 * frame))) for frame in checked]
    return [np.asarray(i.resize((width, height), Image.Resampling.BICUBIC)) for i in images]


def _labelled(frames: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Write a line below each frame, in the colors and fonts of the current style."""
    height, width = frames.shape[1:3]
    if frames.ndim == 3:
        frames = frames[..., None].repeat(3, axis=-1)
    widest = max(map(text_width, labels))
    size = min(max(TYPE[0], TYPE[1] * height), width / max(widest, 1))
    band = round(BAND * size)
    bands = [_band(label, width, band, size) for label in labels]
    return np.concatenate([frames, np.stack(bands)], axis=1)


def _band(label: str, width: int, height: int, size: float) -> np.ndarray:
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)  # a point is a pixel
    figure.set_layout_engine("none")
    as_written(figure.text(0.5, 0.5, label, fontsize=size, ha="center", va="center_baseline"))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


# -- GIF --------------------------------------------------------------------------------------


def _write_gif(path: Path, frames: np.ndarray, order: list[int], seconds: list[float]) -> None:
    images = _indexed(frames)
    # A GIF counts hundredths of a second; rounding errors carry over to the next frame.
    ends = [round(100 * end) for end in itertools.accumulate(seconds)]
    lengths = [10 * (end - start) for start, end in itertools.pairwise([0, *ends])]
    first, *others = (images[nth] for nth in order)
    first.save(
        path, "GIF", save_all=True, append_images=others, duration=lengths, loop=0, optimize=False
    )


def _indexed(frames: np.ndarray) -> list[Image.Image]:
    """Reduce the frames to one palette; grays, and up to 256 colors, stay exact."""
    images = [Image.fromarray(frame) for frame in frames]
    if frames.ndim == 3:
        return images
    few = _few_colors(images)
    if few:
        palette = Image.new("P", (1, 1))
        palette.putpalette([value for color in few for value in color])
    else:
        pixels = frames.reshape(-1, 3)
        sample = pixels[np.random.default_rng(0).integers(len(pixels), size=SAMPLE)]
        # an octree spans all colors, so that dithering can mix them; median cut loses rare ones
        palette = Image.fromarray(sample[None]).quantize(COLORS, Image.Quantize.FASTOCTREE)
    dither = Image.Dither.NONE if few else Image.Dither.FLOYDSTEINBERG
    return [image.quantize(palette=palette, dither=dither) for image in images]


def _few_colors(images: list[Image.Image]) -> list[tuple[int, int, int]]:
    """List the colors of all images, or nothing if there are too many for a GIF."""
    colors: set[tuple[int, int, int]] = set()
    for image in images:
        found: Any = image.getcolors(COLORS)
        if found is None:
            return []
        colors.update(color for _count, color in found)
    return sorted(colors) if len(colors) <= COLORS else []


# -- MP4 --------------------------------------------------------------------------------------


def _ffmpeg() -> str:
    program = mpl.rcParams["animation.ffmpeg_path"]
    found = shutil.which(program)
    if found is None:
        raise OSError(
            f"an .mp4 requires the program {program}, which is not on PATH: install it (Debian,"
            " Ubuntu: `apt-get install ffmpeg`; macOS: `brew install ffmpeg`; conda: `conda install"
            " ffmpeg`), or write a .gif"
        )
    return found


def _write_mp4(
    path: Path,
    ffmpeg: str,
    frames: np.ndarray,
    order: list[int],
    seconds: list[float],
    fps: float,
) -> None:
    if frames.ndim == 3:
        frames = frames[..., None].repeat(3, axis=-1)
    height, width = frames.shape[1:3]
    # Players expect one color per 2x2 pixels, hence even sides: repeat the last row or column.
    frames = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    shown = [
        nth for nth, time in zip(order, seconds, strict=True) for _ in range(round(time * fps))
    ]
    command = [
        *(ffmpeg, "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", f"{frames.shape[2]}x{frames.shape[1]}", "-r", str(fps), "-i", "-"),
        *("-vf", "scale=out_color_matrix=bt709,format=yuv420p", "-colorspace", "bt709"),
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-crf", str(QUALITY)),
        *("-movflags", "+faststart", "-f", "mp4", str(path)),
    ]
    data = b"".join(frames[nth].tobytes() for nth in shown)
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise OSError(f"ffmpeg could not write {path}: {said[-1]}")
