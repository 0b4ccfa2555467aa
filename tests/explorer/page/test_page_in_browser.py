"""What a reader of the explorer's page does: draw, look, click, read."""

from pathlib import Path

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn._text import LANGUAGES, language, text
from kerascnn.datasets._mnist_convention import to_mnist_convention

pytestmark = pytest.mark.browser
PROBLEMS = (Path(__file__).parents[2] / "figures" / "problems.js").read_text("utf-8")
ARC = np.linspace(0, 1, 12)


def arc(x, y, radius, start, stop):
    angles = np.radians(start + (stop - start) * ARC)
    return [(x + radius * np.cos(a), y + radius * np.sin(a)) for a in angles]


THREE = [*arc(0.48, 0.32, 0.19, -150, 90), *arc(0.48, 0.7, 0.2, -90, 150)]
SEVEN = [(0.25, 0.2), (0.5, 0.2), (0.75, 0.2), (0.65, 0.4), (0.55, 0.6), (0.45, 0.85)]


def draw(tab, points):
    """Draw a line with the mouse through points in parts of the board."""
    box = tab.locator("#board").bounding_box()
    for nth, (x, y) in enumerate(points):
        tab.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if nth == 0:
            tab.mouse.down()
    tab.mouse.up()


def input_of(tab, model):
    return np.array(tab.evaluate("[...state.inputs[0]]"), "float32").reshape(
        1, *model.input_shape[1:]
    )


def test_digits_drawn_with_the_mouse_are_read(visit, lenet_page, lenet, drawn):
    tab = visit(lenet_page)
    for points, digit in ((THREE, "3"), (SEVEN, "7")):
        tab.get_by_role("button", name="Clear").click()
        draw(tab, points)
        drawn(tab)
        assert tab.locator("#predicted").inner_text() == digit
        image = input_of(tab, lenet)
        board = np.array(tab.evaluate("[...readCanvas(pen, 1)]"), "float32").reshape(1, 280, 280)
        assert abs(image - to_mnist_convention(board)).max() < 1e-4
        shown = tab.locator("#classes data").evaluate_all("all => all.map(one => +one.value)")
        assert np.allclose(shown, lenet(image)[0], atol=1e-5)
    best = tab.locator("#classes .best")
    assert best.locator(".class").inner_text() == "7"
    assert best.locator("data").inner_text().endswith(" %")


@pytest.mark.parametrize("ink", ["photo", "chalk", "dot"])
def test_pictures_of_digits_are_read_as_in_python(visit, lenet_page, digits, ink):
    tab = visit(lenet_page)
    if ink == "dot":
        image = np.zeros((120, 100), "float32")
        image[3:9, 90:97] = 0.7
    else:
        image = np.kron(digits[0][0, :, :, 0], np.ones((5, 5))).astype("float32")
        y, x = np.mgrid[:140, :140] / 140
        light = 0.75 + 0.2 * x - 0.1 * y * y  # on paper or board
        image = light * (1 - 0.8 * image) if ink == "photo" else 0.3 * light + 0.5 * image
    values = tab.evaluate(
        "([gray, h, w]) => [...toMnist(Float32Array.from(gray), h, w)]",
        [image.ravel().tolist(), *image.shape],
    )
    expected = to_mnist_convention(image[None].astype("float32"))[0, :, :, 0]
    # Python encloses the picture in a frame of one pixel, which changes outlines at its edges only.
    assert abs(np.reshape(values, (28, 28)) - expected).max() < 2e-3


def test_a_click_shows_the_sum_that_keras_computes(visit, lenet_page, lenet, drawn):
    tab = visit(lenet_page)
    layer = lenet.get_layer("c3")
    card = tab.locator(".layer").nth(3)
    assert card.locator("b").inner_text() == "c3"
    canvas = card.locator("canvas")
    box = canvas.bounding_box()
    gap = tab.evaluate("cards.get(3).plan.gap")
    across = down = 4 * 10 + 3 * gap  # values; map 6 is the third of the second row of four
    x, y = 2 * (10 + gap) + 4 + 0.5, 1 * (10 + gap) + 7 + 0.5
    canvas.click(position={"x": x / across * box["width"], "y": y / down * box["height"]})
    drawn(tab)
    assert tab.locator("#formula").inner_text().startswith("c3[7, 4, 6] = ")
    image = input_of(tab, lenet)
    before = keras.Model(lenet.input, layer.input)(image).numpy()
    total = keras.ops.convert_to_numpy(
        keras.ops.conv(before, layer.kernel, padding=layer.padding) + layer.bias
    )[0, 7, 4, 6]
    assert float(tab.locator("#total").get_attribute("value")) == pytest.approx(total, abs=1e-4)
    assert float(tab.locator("#value").get_attribute("value")) == pytest.approx(
        max(total, 0), abs=1e-4
    )
    # The window of the strongest input map, number by number.
    products = before[0, 7:12, 4:9] * keras.ops.convert_to_numpy(layer.kernel)[..., 6]
    channel = int(abs(products.sum((0, 1))).argmax())
    assert tab.locator("#channel").input_value() == str(channel)
    shown = tab.locator("#grids figure").nth(2).locator("td").all_inner_texts()
    numbers = [float(one.replace("−", "-")) for one in shown]
    assert np.allclose(numbers, products[..., channel].ravel(), rtol=0.06, atol=1e-6)  # two digits


def test_padding_is_shown_where_the_window_leaves_the_input(visit, lenet_page, drawn):
    tab = visit(lenet_page, at="#layer=c1&unit=2&y=0&x=27")
    assert tab.locator("#formula").inner_text().startswith("c1[0, 27, 2] = ")
    patch = tab.locator("#grids figure").first
    hatched = patch.locator("td").evaluate_all(
        "all => all.map(one => one.classList.contains('padding'))"
    )
    expected = np.zeros((5, 5), bool)
    expected[:2] = expected[:, 3:] = True  # two rows above, two columns at the right
    assert np.reshape(hatched, (5, 5)).tolist() == expected.tolist()
    tab.locator("#row").fill("14")
    tab.locator("#column").fill("14")
    assert patch.locator("td.padding").count() == 0


def test_the_window_moves(visit, lenet_page):
    tab = visit(lenet_page, at="#layer=s2&unit=1&y=0&x=12", clock=True)
    window = (
        "[...document.querySelectorAll('#source .window')].map(w => w.style.left + w.style.top)"
    )
    assert tab.locator("#grids td.marked").count() >= 1  # the largest of four
    before = tab.evaluate(window)
    tab.get_by_role("button", name="Move the window").click()
    tab.clock.run_for(300)
    after = tab.evaluate(window)
    assert after != before
    tab.clock.run_for(250)
    tab.get_by_role("button", name="Stop").click()
    assert tab.evaluate("[state.y, state.x]") == [1, 0]  # round the corner
    tab.clock.run_for(2000)
    assert tab.evaluate("[state.y, state.x]") == [1, 0]


def test_a_dense_unit_has_its_weights_as_a_picture(visit, tmp_path, drawn):
    model = keras.Sequential(
        [keras.Input((6, 5, 2)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    path = kc.explorer.export(model, tmp_path / "dense.html")
    tab = visit(path)
    tab.locator("#layer").select_option(
        label="dense" if model.layers[-1].name == "dense" else model.layers[-1].name
    )
    tab.locator("#map").fill("2")
    tab.locator("#channel").fill("1")
    drawn(tab)
    kernel = keras.ops.convert_to_numpy(model.layers[-1].kernel).reshape(6, 5, 2, 3)[..., 1, 2]
    shown = tab.locator("#grids figure").nth(1).locator("td").all_inner_texts()
    numbers = [float(one.replace("−", "-")) for one in shown]
    assert np.allclose(numbers, kernel.ravel(), rtol=0.06)


def test_a_map_shows_its_receptive_field_filter_and_strongest_samples(
    visit, lenet_page, lenet, digits
):
    tab = visit(lenet_page, at="#layer=c3&unit=5&y=4&x=3")
    alt = tab.locator("#field canvas").get_attribute("aria-label")
    # c3's 5x5 windows, 2 pixels apart, on 2x2 pooling of c1's padded 5x5 windows: 5 + 1 + 4·2.
    assert alt == "The receptive field covers 14×14 pixels: rows 6 to 19, columns 4 to 17"
    assert tab.locator("#filter canvas").get_attribute("aria-label") == "The filter of map 5 of c3"
    tab.wait_for_selector("#strongest button")
    values = tab.locator("#strongest data").evaluate_all("all => all.map(one => +one.value)")
    maps = kc.visualize.activations(lenet, digits[0], "c3")[..., 5].max((1, 2))
    assert np.allclose(values, np.sort(maps)[::-1][:6], atol=0.02)  # samples have 8 bits
    tab.locator("#strongest button").first.click()
    assert tab.evaluate("chosen") == int(maps.argmax())


def test_everything_works_with_the_keyboard_alone(visit, lenet_page, drawn, expect):
    tab = visit(lenet_page)
    focused = "document.activeElement.id || document.activeElement.className"

    def press(*keys):
        for key in keys:
            tab.keyboard.press(key)
        return tab.evaluate(focused)

    assert press("Tab") == "skip"
    assert press("Tab") == ""  # the languages
    assert press("Tab", "Tab") == "board"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    press("Delete", "Space", *["ArrowDown"] * 10, "Space")  # a stroke from above to below
    drawn(tab)
    assert tab.locator("#predicted").inner_text() == "1"
    expect(tab.locator("#announced")).to_contain_text("Answer: 1")
    assert press("Tab") == "clear"
    tab.locator("#samples button").nth(4).focus()
    press("Enter")
    assert tab.evaluate("chosen") == 4
    tab.locator(".layer-open").nth(3).focus()
    press("Enter")
    assert tab.locator("#layer option:checked").inner_text() == "c3"
    tab.locator("#tab-layer").focus()
    assert press("ArrowRight") == "tab-why"
    assert tab.locator("#view-why").is_visible()
    assert press("ArrowLeft", "Tab") == "layer"
    assert press("Tab") == "map"
    press("ArrowUp", "ArrowUp")
    assert tab.evaluate("state.map") == 2
    expect(tab.locator("#announced")).to_contain_text("c3[5, 5, 2] = ")
    assert press("Tab", "Tab", "Tab") == "slide"


def test_a_link_opens_what_it_names(visit, lenet_page, drawn):
    tab = visit(lenet_page, at="#layer=c3&unit=4&y=1&x=2&tab=change&sample=3")
    assert tab.evaluate("[state.node.name, state.map, state.y, state.x, tab, chosen]") == [
        "c3", 4, 1, 2, "change", 3,
    ]  # fmt: skip
    assert tab.locator("#view-change").is_visible()
    tab.locator(".layer-open").nth(1).click()
    assert tab.url.endswith("#layer=c1&unit=0&y=14&x=14&sample=3")
    tab.evaluate("location.hash = '#layer=s2&unit=5'")
    drawn(tab)
    assert tab.evaluate("[state.node.name, state.map]") == ["s2", 5]
    for nonsense in (
        "#layer=none&unit=-1",
        "#%E0%A4%A",
        "#layer=c3&unit=1e9&y=x",
        "#epoch=7&sample=99",
    ):
        tab.evaluate("hash => { location.hash = hash; }", nonsense)
        drawn(tab)
    assert tab.evaluate("[state.node.name, state.map]") == ["c3", 0]


def test_it_speaks_three_languages(visit, lenet_page):
    tab = visit(lenet_page)
    for code in LANGUAGES:
        tab.locator(f"input[value={code}]").check(force=True)
        with language(code):
            assert tab.locator("#network-title").inner_text() == text("Network")
            assert tab.locator("#tab-why").inner_text() == text("Why this answer?")
            assert tab.title() == f"LeNet-5 · {text('Explorer')}"
            facts = text(
                "{kind}, output {shape}, {count} parameters",
                kind="Conv2D",
                shape="28×28×6",
                count=156,
            )
            assert tab.locator("#layer-facts").inner_text() == facts
            assert tab.locator("#key li").nth(1).inner_text() == text("convolution")
    assert tab.evaluate("document.documentElement.lang") == "es"
    assert "," in tab.locator("#formula").inner_text()  # decimal comma
    tab.reload()
    tab.wait_for_selector("html[data-ready]")
    assert tab.locator("#network-title").inner_text() == "Red"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_readable_and_named_for_everybody(visit, lenet_page, theme):
    tab = visit(lenet_page, color_scheme=theme, viewport={"width": 320, "height": 700})
    for code in LANGUAGES:
        tab.locator(f"input[value={code}]").check(force=True)
        for view in ("layer", "why", "change", "sizes"):
            tab.locator(f"#tab-{view}").click()
            assert tab.evaluate(PROBLEMS) == [], (code, view)
    assert [tab.locator(one).count() for one in ("header", "main", "h1")] == [1, 1, 1]


def test_the_theme_follows_the_system_until_it_is_chosen(visit, lenet_page):
    tab = visit(lenet_page, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = tab.evaluate(ground)
    tab.emulate_media(color_scheme="light")
    assert tab.evaluate(ground) != dark
    tab.get_by_role("button", name="Dark theme").click()
    assert tab.evaluate(ground) == dark
