"""The page of a trained LeNet-5, and a tab to open pages in."""

import pytest

import kerascnn as kc
from kerascnn.training._history_file import write_history
from kerascnn.training._kept_weights import kept_file
from kerascnn.training._origin import Origin, sign


@pytest.fixture(scope="session")
def digits():
    """Twelve handwritten digits and their classes."""
    images, labels = kc.datasets.load("digits").test
    return images[:12], labels[:12]


@pytest.fixture(scope="session")
def lenet():
    """LeNet-5 with its weights for MNIST."""
    return kc.build_lenet5(weights="mnist")


@pytest.fixture(scope="session")
def epochs(lenet):
    """The weights of three epochs; the last are LeNet-5's."""
    return [*(kc.build_lenet5().get_weights() for _epoch in range(2)), lenet.get_weights()]


# What has changed is drawn in the next frame.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))"
HISTORY = {"loss": [1.25, 0.0625], "accuracy": [0.5, 0.984]}


@pytest.fixture(scope="session")
def run(epochs, tmp_path_factory):
    """The directory of a run that kept these epochs."""
    path, model = tmp_path_factory.mktemp("run"), kc.build_lenet5()
    kept_file(path, 0).parent.mkdir()
    for epoch, weights in enumerate(epochs):
        model.set_weights(weights)
        model.save_weights(kept_file(path, epoch))
        sign(kept_file(path, epoch), Origin("this run", epoch, epoch, ""))
    (path / "config.json").write_text('{"run_id": "this run"}')
    write_history(path / "history.csv", HISTORY)
    return path


@pytest.fixture(scope="session")
def lenet_page(lenet, run, digits, tmp_path_factory):
    """Its page, with samples and the replay."""
    path = tmp_path_factory.mktemp("page") / "lenet.html"
    return kc.explorer.export(lenet, path, samples=digits, checkpoints=run, title="LeNet-5")


@pytest.fixture
def visit(browser):
    """Open a page in a context of its own; nothing may go wrong, and nothing may be asked for."""
    contexts, wrong, asked = [], [], []

    def visit(path, *, at="", clock=False, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(10_000)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda said: wrong.append(said.text))
        tab.on("request", lambda request: asked.append(request.url))
        if clock:
            tab.clock.install(time="2026-01-01T00:00")
        tab.goto(path.as_uri() + at)
        tab.wait_for_selector("html[data-ready]")
        if clock:
            tab.clock.pause_at("2026-01-01T02:00")  # time passes when a test says so
        else:
            tab.evaluate(DRAWN)
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
        tab.evaluate(DRAWN)

    return drawn
