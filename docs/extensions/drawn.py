"""What is drawn for the site, in three languages, and kept until the package changes."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from words import LANGUAGES

DOCS = Path(__file__).parents[1]
PACKAGE = DOCS.parent / "kerascnn"
FOLDER = DOCS / "generated" / "drawn"
UNUSED = {"cli", "decks", "exercises", "explorer"}  # parts that no figure uses
# The networks whose diagrams and tables are shown, by file of `models/`; else its first builder.
SHOWN = {
    "fcn": ("fcn8s",),
    "lenet": ("lenet5", "lenet5-1998"),
    "linear": ("logistic_regression",),
    "resnet": ("resnet18", "resnet50"),
    "resnet_cifar": ("resnet20",),
    "vgg": ("vgg16",),
}


def state(package: Path = PACKAGE) -> str:
    """Return a hash of everything that figures are drawn from."""
    found = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        parts = path.relative_to(package).parts
        if path.is_file() and "__pycache__" not in parts and parts[0] not in UNUSED:
            found.update("/".join(parts).encode() + path.read_bytes())
    return found.hexdigest()


def draw(folder: Path = FOLDER) -> None:
    """Draw all figures, diagrams and tables, unless they are there."""
    stamp, now = folder / "state.txt", state()
    if stamp.exists() and stamp.read_text("utf-8") == now:
        return
    command = [sys.executable, "-m", "kerascnn", "figures", "--lang", ",".join(LANGUAGES)]
    subprocess.run([*command, "--out", str(folder)], check=True)
    subprocess.run([sys.executable, __file__, str(folder / "networks")], check=True)
    stamp.write_text(now, "utf-8")


def shown(file: str) -> tuple[str, ...]:
    """Return the networks that the page of a file of `models/` shows."""
    return SHOWN.get(file) or (next(iter(builders(file))),)


def builders(file: str) -> list[str]:
    """Return the architectures that a file of `models/` defines, in its order."""
    import kerascnn as kc

    return [
        name
        for name, one in kc.models.architectures().items()
        if one.builder.__module__ == f"kerascnn.models.{file}"
    ]


def files() -> list[str]:
    """Return the files of `models/` that define architectures, in the order of their years."""
    import kerascnn as kc

    found = {one.builder.__module__: one for one in kc.models.architectures().values()}
    return [module.rpartition(".")[2] for module in found]


def networks(folder: Path) -> Iterator[Path]:
    """Draw the diagram of each network, and write the table of its layers; yield the files."""
    import keras
    from matplotlib import pyplot as plt

    import kerascnn as kc
    from kerascnn._text import language
    from kerascnn.models._without_values import without_values

    for file in files():
        for name in shown(file):
            builder, _hyphen, variant = name.partition("-")
            one = kc.models.architectures()[builder]
            case = next(case for case in one.cases if not variant or case.variant == variant)
            with without_values():
                model = one.builder(**case.options)
            description = kc.describe(model, input_shape=case.input_shape)
            for lang in LANGUAGES:
                (folder / lang).mkdir(parents=True, exist_ok=True)
                path = folder / lang / f"{name}.svg"
                with kc.plots.style("slides", lang=lang), language(lang):
                    axes = kc.plots.architecture(description)
                    axes.figure.savefig(path, bbox_inches="tight")
                    plt.close("all")
                    path.with_suffix(".html").write_text(description.to_html(), "utf-8")
                yield path
            del model
            keras.backend.clear_session()


if __name__ == "__main__":
    for written in networks(Path(sys.argv[1])):
        print(written)
