"""A folder of a few figures with its page, and a browser to open it in."""

import pytest
from matplotlib import pyplot as plt

import kerascnn as kc
from kerascnn.figures import _registry

ENGLISH = ("dense-matrix-beside-a-filter", "volume-quiz", "stride-or-pooling", "moving")


def moving(step=None):
    """A circle that grows."""
    fig = plt.figure(figsize=(2, 1))
    fig.add_artist(plt.Circle((0.5, 0.5), 0.1 * (2 if step is None else step + 1)))
    return fig


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder of five figures: one animated, and one in Korean too."""
    out = tmp_path_factory.mktemp("figures")
    kc.figures.lecture_figures()  # the package's own come first
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_registry, "_figures", dict(_registry._figures))
        register = kc.figures.figure(
            title="Convolution slides a kernel over the image",
            alt="A & B <move>.",
            rows=("B1", "B5"),
            frames=3,
            photos=("camera", "moon"),
        )
        register(moving)
        report = kc.figures.draw(ENGLISH, out=out, style="paper")
        assert report.failed == {}
        assert (
            kc.figures.draw("kernel-size", out=out, style="paper", lang=("en", "ko")).failed == {}
        )
    return out


@pytest.fixture
def visit(browser, folder):
    """Open the page in a context of its own; nothing may go wrong or leave the file system."""
    contexts, wrong, asked = [], [], []

    def visit(address="index.html", *, clock=False, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(5000)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda said: wrong.append(said.text))
        tab.on("request", lambda request: asked.append(request.url))
        if clock:
            tab.clock.install()
        tab.goto(f"{folder.as_uri()}/{address}")
        return tab

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(folder.as_uri())] == []
