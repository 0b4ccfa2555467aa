"""Names and files from anywhere: they are shown or refused, and never run."""

import base64
import io
import json
import zlib

import keras
import numpy as np
import pytest
from PIL import Image

import kerascnn as kc
from kerascnn import _print

pytestmark = pytest.mark.browser
HOSTILE = (
    "<img src=x onerror=window.hacked=1>",
    "</script><script>window.hacked=1</script>",
    "</title></style><svg onload=window.hacked=1>",
    "\u2028window.hacked=1//<!--",
    '"><iframe src=https://example.org>',
    "{{ 7*7 }}${window.hacked=1}",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A page whose title, classes and layers have hostile names."""
    inputs = keras.Input((9, 9, 1), name="<img src=x onerror=window.hacked=1>")
    x = keras.layers.Conv2D(2, 3, name="<svg onload=window.hacked=1>")(inputs)
    x = keras.layers.Flatten(name="'\"><script>window.hacked=1<!--")(x)
    outputs = keras.layers.Dense(6, activation="softmax", name="javascript:window.hacked=1")(x)
    model = keras.Model(inputs, outputs)
    path = tmp_path_factory.mktemp("hostile") / "page.html"
    title = f"{HOSTILE[1]}{HOSTILE[2]}"
    return kc.explorer.export(model, path, class_names=HOSTILE, title=title)


def test_hostile_names_are_shown_and_not_run(visit, hostile, drawn):
    tab = visit(hostile, at="#layer=<img src=x onerror=window.hacked=1>&unit=0")
    for name in ("layer", "why", "change", "sizes"):
        tab.locator(f"#tab-{name}").click()
        drawn(tab)
    tab.get_by_role("button", name="Which map matters most?", include_hidden=True).evaluate(
        "one => one.click()"
    )
    tab.locator("#tab-layer").click()
    for nth in range(4):
        tab.locator("#layer").select_option(index=nth)
        drawn(tab)
    for code in ("ko", "es"):
        tab.locator(f"input[value={code}]").check(force=True)
    assert tab.evaluate("window.hacked") is None
    assert tab.locator("h1").inner_text() == f"{HOSTILE[1]}{HOSTILE[2]}"
    shown = tab.locator("#classes .class").evaluate_all("all => all.map(one => one.textContent)")
    assert shown == list(HOSTILE)
    assert tab.locator(".layer b").nth(1).inner_text() == "<svg onload=window.hacked=1>"
    assert tab.locator("img, iframe, object, embed").count() == 0  # there are no samples
    assert tab.locator("svg[onload]").count() == 0


def test_the_policy_allows_only_what_the_page_brings(visit, hostile, browser):
    context = browser.new_context()
    tab = context.new_page()
    refused = []
    tab.on("console", lambda said: refused.append(said.text))
    tab.goto(hostile.as_uri())
    tab.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.hacked = 1";
          document.body.append(script);
          const picture = new Image();
          picture.src = "https://example.org/x.png";
          document.body.append(picture);
          fetch("https://example.org/").catch(() => {});
        }"""
    )
    assert tab.evaluate("window.hacked") is None
    context.close()
    assert len(refused) >= 3
    assert all("Content Security Policy" in said for said in refused)


def png(width, height):
    """A PNG that claims a size and has no pixels."""

    def chunk(kind, data):
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b""))


SVG = (
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked=1'>"
    b"<script>window.hacked=1</script></svg>"
)
FILES = {
    "empty.png": b"",
    "text.png": b"not a picture",
    "page.html": b"<script>window.hacked=1</script>",
    "drawing.svg": SVG,
    "cut.png": png(64, 64)[:40],
    "huge.png": png(60_000, 60_000),
    "model.keras": bytes(range(256)) * 40,
    "<img src=x onerror=window.hacked=1>.png": b"?",
}


def test_files_of_any_kind_leave_a_message(visit, lenet_page, expect):
    tab = visit(lenet_page)
    before = tab.locator("#predicted").inner_text()
    for name, data in FILES.items():
        tab.locator("#file").set_input_files(
            {"name": name, "mimeType": "image/png", "buffer": data}
        )
        said = tab.locator("#message span")
        expect(said).to_have_text(
            f"The browser cannot read “{name}” as an image. Use a PNG or JPEG file."
        )
        assert tab.locator("#predicted").inner_text() == before
    assert tab.evaluate("window.hacked") is None
    tab.get_by_role("button", name="Close").click()
    assert not tab.locator("#message").is_visible()


def drop(tab, event, files):
    """Drop or paste files: pairs of a name and its data."""
    tab.evaluate(
        """([event, files]) => {
          const moved = new DataTransfer();
          for (const [name, data] of files) {
            moved.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
          }
          const options = { bubbles: true, cancelable: true };
          document.body.dispatchEvent(event === "drop"
            ? new DragEvent("drop", { ...options, dataTransfer: moved })
            : new ClipboardEvent("paste", { ...options, clipboardData: moved }));
        }""",
        [event, [(name, base64.b64encode(data).decode()) for name, data in files]],
    )


def test_pictures_are_dropped_and_pasted(visit, lenet_page, digits, expect, drawn):
    tab = visit(lenet_page)
    for event, nth in (("drop", 1), ("paste", 3)):
        ink = np.kron(digits[0][nth, :, :, 0], np.ones((6, 6)))
        buffer = io.BytesIO()
        Image.fromarray((255 - 200 * ink).astype("uint8")).save(buffer, "JPEG")  # on paper
        drop(tab, event, [("digit.jpg", buffer.getvalue())])
        expect(tab.locator("#message span")).to_have_text("Input: “digit.jpg”")
        drawn(tab)
        assert tab.locator("#predicted").inner_text() == str(digits[1][nth])
        assert tab.evaluate("chosen") is None
    drop(tab, "drop", [])
    expect(tab.locator("#message span")).to_have_text(
        "There is no image file in what was dropped or pasted."
    )
    tab.evaluate("takeFile({ name: 'film.mov', size: 1e9 })")
    expect(tab.locator("#message span")).to_have_text(
        "“film.mov” is too large. Use an image of at most 50 MB."
    )
    tab.evaluate(
        """() => {
          window.createImageBitmap = async () => ({ width: 1e4, height: 1e4, close() {} });
          takeFile(new File(["x"], "map.png"));
        }"""
    )
    expect(tab.locator("#message span")).to_have_text(
        "“map.png” is too large. Use an image of at most 80 million pixels."
    )


def test_a_camera_that_is_not_there_leaves_a_message(visit, lenet_page, expect):
    tab = visit(lenet_page)
    tab.get_by_role("button", name="Camera").click()
    expect(tab.locator("#message span")).to_have_text(
        "The camera is not available, or its use was not allowed."
    )
    assert tab.locator("#camera").get_attribute("aria-pressed") == "false"


def test_a_camera_is_shown_until_something_else_is_chosen(browser, lenet_page, expect):
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    chromium = browser.browser_type.launch(
        executable_path=_print.browser(), args=["--no-sandbox", *fake]
    )
    tab, wrong = chromium.new_page(), []
    tab.on("console", lambda said: wrong.append(said.text))
    tab.goto(lenet_page.as_uri())  # from the file system, too
    tab.wait_for_selector("html[data-ready]")
    tab.evaluate("window.before = state.inputs[0].join()")
    tab.get_by_role("button", name="Camera").click()
    expect(tab.locator("#camera")).to_have_attribute("aria-pressed", "true")
    for _frame in range(2):  # and it moves
        tab.wait_for_function("() => state.inputs[0].join() !== before")
        tab.evaluate("window.before = state.inputs[0].join()")
    assert tab.evaluate("chosen") is None
    assert not tab.locator("#message").is_visible()
    tab.evaluate("window.track = camera.stream.getTracks()[0]")
    tab.locator("#samples button").nth(4).click()
    expect(tab.locator("#camera")).to_have_attribute("aria-pressed", "false")
    assert tab.evaluate("[chosen, track.readyState]") == [4, "ended"]
    chromium.close()
    assert wrong == []


def test_the_data_can_hold_anything(hostile):
    html = hostile.read_text("utf-8")
    start = html.index('id="model">') + len('id="model">')
    data = json.loads(html[start : html.index("</script>", start)])
    assert data["outputs"][0]["classes"] == list(HOSTILE)
    assert "window.hacked=1</script>" not in html
    assert "<img src=x" not in html
    assert "\u2028" not in html


def test_without_scripts_it_says_what_is_missing(browser, lenet_page):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(lenet_page.as_uri())
    assert "This page needs JavaScript." in tab.locator("body").inner_text()
    assert not tab.locator("main").is_visible()
    context.close()
