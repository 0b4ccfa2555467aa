"""Draw docs/pictures/plots: run the code in docs/plots.md, and save the plot of each section.

python scripts/make_plots.py
"""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

from matplotlib import pyplot as plt
from PIL import Image

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "plots.md"
PICTURES = ROOT / "docs" / "pictures" / "plots"
DPI, COLORS = 80, 64


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Return the sections of the page: the name of the picture ("" for none), and the code."""
    for section in re.split(r"^## ", text, flags=re.MULTILINE):
        picture = re.search(r"\(pictures/plots/(\w+)\.png\)", section)
        code = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
        yield picture[1] if picture else "", code


def draw(text: str) -> Iterator[tuple[str, plt.Figure | None]]:
    """Run the blocks of the page in order; yield the plot of the first block of each section."""
    names: dict[str, object] = {}
    for name, code in sections(text):
        for nth, block in enumerate(code):
            exec(block, names)
            if nth == 0:
                yield name, plt.gcf() if plt.get_fignums() else None
            plt.close("all")


def main() -> None:
    """Draw and save the plots."""
    import kerascnn as kc

    PICTURES.mkdir(parents=True, exist_ok=True)
    text = PAGE.read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder, kc.plots.style("slides"):
        os.chdir(folder)
        for name, figure in draw(text):
            if name:
                file = Path(f"{name}.png")
                if not file.exists():  # otherwise the page saves it in another style
                    figure.savefig(file, dpi=DPI)
                picture = Image.open(file).convert("RGB").quantize(COLORS)
                picture.save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
