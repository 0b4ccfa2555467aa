"""Draw docs/pictures and docs/gallery.md anew: every figure, and the pictures of the examples.

python scripts/make_gallery.py
"""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

from matplotlib import pyplot as plt
from PIL import Image

import kerascnn as kc

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
WIDTH = 1000  # pixels
COLORS = 128  # drawings have few; files stay small


def save(image: Image.Image, name: str) -> None:
    """Write a picture small enough for a repository."""
    height = round(image.height * WIDTH / image.width)
    small = image.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    small.quantize(COLORS).save(PICTURES / f"{name}.png", optimize=True)


def main() -> None:
    """Draw and write."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    lines = ["# Gallery", "", "Made by `python scripts/make_gallery.py`.", ""]
    for one in kc.figures.lecture_figures().values():
        figure = kc.figures.render(one.name)
        buffer = io.BytesIO()
        with kc.plots.style("slides"):
            figure.savefig(buffer, dpi=200)
        plt.close(figure)
        save(Image.open(buffer), one.name)
        lines += [f"## {one.title}", "", one.alt, ""]
        lines += [f"`kerascnn figures {one.name}`", ""]
        lines += [f"![{one.alt}](pictures/{one.name}.png)", ""]
    for example in sorted((ROOT / "examples").glob("*.py")):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, example], cwd=folder, check=True)
            for picture in Path(folder).glob("*.png"):
                save(Image.open(picture), picture.stem)
    (ROOT / "docs" / "gallery.md").write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
