"""Pages of a few networks, and a tab to open them in."""

import base64
import io

import pytest
from PIL import Image

import kerascnn as kc
from kerascnn.explorer._export import page_data
from kerascnn.explorer._page import page
from kerascnn.explorer._weights import coded, decoded


def png(image):
    buffer = io.BytesIO()
    Image.fromarray((255 * image[..., 0]).round().astype("uint8")).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture(scope="session")
def lenet():
    return kc.build_lenet5(weights="mnist")


@pytest.fixture(scope="session")
def digits():
    """Twelve handwritten digits and their classes."""
    images, labels = kc.datasets.load("digits").test
    return images[:12], labels[:12]


@pytest.fixture(scope="session")
def before():
    """The weights of LeNet-5 at two moments of its training, in the order of its layers."""
    return [kc.build_lenet5().get_weights() for _epoch in range(2)]


@pytest.fixture(scope="session")
def lenet_page(lenet, digits, before, tmp_path_factory):
    """LeNet-5's page: with samples, and three epochs of which the last are its weights."""
    path = tmp_path_factory.mktemp("page") / "lenet.html"
    images, labels = digits
    data = page_data(
        lenet, class_names=list("0123456789"), title="LeNet-5", lang="en", dtype="float32"
    )
    data["inputs"][0] |= {"kind": "digit", "scale": [1], "offset": [0], "bgr": False}
    data["samples"] = [
        {"label": str(k), "class": int(k), "data": png(image)}
        for image, k in zip(images, labels, strict=True)
    ]
    data["checkpoints"] = [
        {
            "epoch": epoch,
            "metrics": {"loss": 2.0 - epoch, "accuracy": 0.1 + 0.4 * epoch},
            "arrays": {
                place: coded(before[epoch][place] - array, "int16")
                for place, array in enumerate(map(decoded, data["arrays"]))
                if epoch < 2
            },
        }
        for epoch in range(3)
    ]
    path.write_text(page(data), "utf-8")
    return path


@pytest.fixture
def visit(browser):
    """Open a page in a context of its own; nothing may go wrong, and nothing may be asked for."""
    contexts, wrong, asked = [], [], []

    def visit(path, *, at="", clock=False, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(5000)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda said: wrong.append(said.text))
        tab.on("request", lambda request: asked.append(request.url))
        if clock:
            tab.clock.install()
        tab.goto(path.as_uri() + at)
        tab.wait_for_selector("html[data-ready]")
        return tab

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.fixture(scope="session")
def drawn():
    """Wait until a page has drawn what was changed."""

    def drawn(tab):
        tab.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")

    return drawn
