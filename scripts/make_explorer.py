"""Make the page of LeNet-5 in docs/, with the replay of a training, and a picture of it.

    python scripts/make_explorer.py --data-dir DIR
    python scripts/make_explorer.py --again  # with the network that the page holds

DIR holds mnist.npz; without --data-dir it comes from KERASCNN_DATA or Keras's download. The
training is short: the page stays small, and what can be seen happens in the first epochs.
"""

import argparse
import io
import json
import tempfile
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

import kerascnn as kc
from kerascnn._print import browser
from kerascnn.explorer._page import page

DOCS = Path(__file__).parents[1] / "docs"
IMAGES = 12_000  # of MNIST's training images
EPOCHS = 6
SAMPLES = 2  # of each digit
WIDTH, COLORS = 1200, 256  # of the picture


def main() -> None:
    """Make both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="a directory with mnist.npz")
    parser.add_argument("--again", action="store_true", help="do not train")
    options = parser.parse_args()
    target = DOCS / "lenet5.html"
    if options.again:
        target.write_text(page(data_of(target)), "utf-8")
    else:
        train(target, options.data_dir)
    take_picture(target, DOCS / "pictures" / "explorer.png")


def data_of(path: Path) -> dict:
    """Read the data of a page."""
    start = '<script type="application/json" id="model">'
    text = path.read_text("utf-8").partition(start)[2].partition("</script>")[0]
    return json.loads(text)


def train(target: Path, data_dir: str | None) -> None:
    """Train LeNet-5, and write its page."""
    mnist = kc.datasets.load("mnist", data_dir=data_dir)
    keras.utils.set_random_seed(0)
    model = kc.build_lenet5()
    with tempfile.TemporaryDirectory() as folder:
        run = kc.train(
            model,
            (tuple(part[:IMAGES] for part in mnist.train), mnist.validation),
            recipe="adam",
            epochs=EPOCHS,
            batch_size=128,
            run_dir=folder,
            keep_every=1,
        )
        images, labels = mnist.test
        chosen = np.sort(np.concatenate([np.flatnonzero(labels == k)[:SAMPLES] for k in range(10)]))
        kc.explorer.export(
            model,
            target,
            class_names=mnist.class_names,
            samples=(images[chosen], labels[chosen]),
            checkpoints=run,
            title="LeNet-5",
        )
    accuracy = kc.evaluate(model, mnist).accuracy
    print(f"{target}: {target.stat().st_size:,} bytes, {accuracy:.2%} of MNIST's test images")


def take_picture(source: Path, target: Path) -> None:
    """Open a page in Chromium and take a picture of what is seen first."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        tab = chromium.new_page(viewport={"width": 1440, "height": 1180})
        tab.goto(f"{source.as_uri()}#layer=c3&unit=3&y=4&x=4&sample=7")
        tab.wait_for_selector("html[data-ready]")
        tab.wait_for_selector("#strongest button")
        data = tab.screenshot()
        chromium.close()
    save(Image.open(io.BytesIO(data)), target)


def save(image: Image.Image, target: Path) -> None:
    """Write a picture small enough for a repository."""
    height = round(image.height * WIDTH / image.width)
    small = image.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    small.quantize(COLORS, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    main()
