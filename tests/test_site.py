"""The site: its pages of the reference hold every public name. See docs/conf.py."""

import doctest
import json
import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from matplotlib import pyplot as plt

import kerascnn

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "extensions"))

reference = import_module("reference")


def public_names():
    """What users see: `__all__` of the package and its public modules."""
    for module in reference.modules():
        found = import_module(module)
        listed = getattr(found, "__all__", None)
        for name in listed or [name for name in vars(found) if not name.startswith("_")]:
            thing = getattr(found, name)
            own = listed or getattr(thing, "__module__", None) == module
            if own and not isinstance(thing, ModuleType):
                yield f"{module}.{name}"


def test_every_public_module_has_a_page():
    packages = {f"kerascnn.{name}" for name in kerascnn.__all__} & {*sys.modules, "kerascnn.plots"}
    assert packages <= {*reference.modules()}
    assert "kerascnn.visualize.metrics" in reference.modules()


def test_every_public_name_has_a_page(tmp_path):
    reference.write(tmp_path)
    written = {path.stem for path in tmp_path.glob("*.rst")}
    second = reference.aliases()
    missing = {name for name in public_names() if second.get(name, name) not in written}
    assert missing == set()
    assert {"kerascnn.describe", "kerascnn.training.train", "kerascnn.plots.style"} <= written
    assert second["kerascnn.train"] == "kerascnn.training.train"
    page = (tmp_path / "kerascnn.figures.SECTIONS.rst").read_text("utf-8")
    assert "'B': 'Convolution'" in page


def test_every_name_is_described_in_a_line():
    summaries = {page: reference.summary(name) for page, name in reference.pages().items()}
    assert {page for page, line in summaries.items() if not line.endswith(".")} == set()


def test_a_page_that_stays_the_same_keeps_its_time(tmp_path):
    """Otherwise Sphinx would read all of them again."""
    reference.write(tmp_path)
    (tmp_path / "kerascnn.gone.rst").write_text("Gone\n====\n", "utf-8")
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    reference.write(tmp_path)
    del times["kerascnn.gone.rst"]
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times


GUIDE = ("start", "lecturer", "student", "errors", "weights", "exercises", "decks")
LONG = ("engineer", "photos", "training")  # they compile or train


@pytest.mark.parametrize(
    "page", [*GUIDE, *(pytest.param(page, marks=pytest.mark.slow) for page in LONG)]
)
def test_code_of_the_guide_runs(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(
        str(DOCS / f"{page}.md"),
        module_relative=False,
        encoding="utf-8",
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert results.attempted > 0
    assert results.failed == 0
    plt.close("all")


def test_every_example_has_a_title():
    """sphinx-gallery makes a page without one, which the list of examples cannot name."""
    for path in (DOCS.parent / "examples").glob("*.py"):
        title, line, blank = path.read_text("utf-8").removeprefix('"""').split("\n")[:3]
        assert (line, blank) == ("=" * len(title), ""), path


MESSAGE = re.compile(r'^msgid ((?:".*"\n)+)msgstr ', re.MULTILINE)
# Written by sphinx-gallery on the page of each example.
GALLERY = re.compile(r":(?:ref|download):`[^<]+<(?:sphx_glr_download_generated_examples_)?(\w+)\.")


def squeezed(text):
    """Return a text as one line, without the targets of links and the escapes of table cells."""
    text = re.sub(r"\]\([^)]*\)|^ *# ?|\\(?=\|)", "", text, flags=re.MULTILINE)
    return " ".join(text.split()).casefold()


def sources(catalogue):
    """Return the text of the sources that a file of translations belongs to."""
    repository = DOCS.parent
    if catalogue == "site":
        files = [*(DOCS / "extensions").glob("*.py")]
    elif catalogue == "generated":
        files = [*(DOCS / "courses").glob("*.py"), *(repository / "examples").glob("*.*")]
        files += [*(repository / "kerascnn" / "models").glob("*.py")]
        files += [DOCS / "extensions" / "reference.py"]
    else:
        files = [*(DOCS / catalogue).glob("*.*"), *DOCS.glob(f"{catalogue}.md")]
    texts = [file.read_text("utf-8") for file in files]
    included = re.findall(r"```\{include\} (\S+)", "".join(texts))
    texts += [(DOCS / path).read_text("utf-8") for path in included]
    return squeezed("\n".join(texts))


@pytest.mark.parametrize("lang", ["ko", "es"])
def test_every_translation_belongs_to_a_text_of_the_site(lang):
    """When a text changes, its old translation is left behind, and the page shows English."""
    stale, read = [], 0
    for path in (DOCS / "locale" / lang).rglob("*.po"):
        if path.stem == "sphinx":  # the words of the theme
            continue
        text, catalogue = sources(path.stem), path.read_text("utf-8")
        assert "\n#~" not in catalogue, f"{path} keeps translations of texts that are gone"
        for quoted in MESSAGE.findall(catalogue)[1:]:  # after the header
            english = "".join(map(json.loads, quoted.splitlines()))
            read += 1
            if example := GALLERY.match(english):
                there = (DOCS.parent / "examples" / f"{example[1]}.py").exists()
            else:
                there = re.search(rf"(?<!\w){re.escape(squeezed(english))}(?!\w)", text)
            if not there:
                stale.append(f"{path.name}: {english}")
    assert stale == []
    assert read > 500
