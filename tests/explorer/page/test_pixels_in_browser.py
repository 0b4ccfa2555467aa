"""A network that classifies pixels: its class map, and the scores of the chosen pixel."""

import keras
import numpy as np
import pytest

import kerascnn as kc

pytestmark = pytest.mark.browser
layers = keras.layers
NAMES = ["ground", "leaf", "stem"]
COLORS = [None, (213, 94, 0), (0, 114, 178)]  # Okabe and Ito's vermillion and blue


@pytest.fixture(scope="module")
def plants(tmp_path_factory):
    """A network on 12x12 pixels that gives classes of the 8x8 in the middle, and a picture."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 12, 1), name="photo")
    x = layers.Conv2D(4, 3, activation="relu", name="maps")(inputs)
    kinds = layers.Conv2D(3, 3, activation="softmax", name="kinds")(x)
    picture = layers.Conv2D(3, 3, activation="sigmoid", name="picture")(x)
    model = keras.Model(inputs, [kinds, picture])
    images = np.random.default_rng(1).integers(0, 256, (2, 12, 12, 1)).astype("uint8")
    path = tmp_path_factory.mktemp("plants") / "page.html"
    kc.explorer.export(model, path, class_names=NAMES, samples=images)
    return np.asarray(model(images / np.float32(255))[0][0]), images[0, ..., 0], path


def scores(tab):
    return tab.locator("#classes data").evaluate_all("all => all.map(one => +one.value)")


def pixels_of(tab, canvas):
    """The colors (12, 12, 3) in the middle of a canvas's enlarged pixels."""
    data = tab.locator(canvas).evaluate(
        """one => {
          const { data } = one.getContext("2d").getImageData(0, 0, one.width, one.height);
          const scale = one.width / 12;
          const at = (i) => Math.floor((i + 0.5) * scale);
          return Array.from({ length: 432 }, (_, i) =>
            data[4 * (at(Math.floor(i / 36)) * one.width + at(Math.floor(i / 3) % 12)) + (i % 3)]);
        }"""
    )
    return np.reshape(data, (12, 12, 3))


def test_the_class_map_lies_on_the_pixels_that_it_is_of(visit, plants):
    expected, image, path = plants
    classes = expected.argmax(axis=-1)
    assert {*classes.ravel()} == {0, 1, 2}
    tab = visit(path)
    assert np.array_equal(tab.evaluate("[...classMap()]"), classes.ravel())
    shown = pixels_of(tab, "#class-map canvas")
    gray = 255.0 * image / image.max()
    wanted = np.repeat(0.35 * gray[..., None], 3, axis=-1)  # dark where there are no classes
    for (row, column), klass in np.ndenumerate(classes):
        color, at = COLORS[klass], (row + 2, column + 2)
        wanted[at] = gray[at] if color is None else 0.45 * gray[at] + 0.55 * np.array(color)
    assert abs(shown - wanted).max() < 4
    alt = tab.locator("#class-map canvas").get_attribute("aria-label")
    share = round(100 * float(np.mean(classes == 1)), 1)
    assert f"leaf {share:g} %" in alt


def test_the_scores_are_those_of_the_chosen_pixel(visit, plants, drawn, expect):
    expected, _image, path = plants
    tab = visit(path, at="#tab=why")
    assert np.allclose(scores(tab), expected[4, 4], atol=1e-5)  # in the middle at first
    box = tab.locator("#class-map canvas").bounding_box()
    tab.locator("#class-map canvas").click(
        position={"x": box["width"] * 8.5 / 12, "y": box["height"] * 5.5 / 12}
    )
    drawn(tab)
    assert [tab.locator(f"#pixel-{one}").input_value() for one in ("row", "column")] == ["3", "6"]
    assert np.allclose(scores(tab), expected[3, 6], atol=1e-5)
    name = NAMES[expected[3, 6].argmax()]
    assert tab.locator("#predicted").inner_text() == name
    expect(tab.locator("#announced")).to_contain_text(f"Answer: {name} (row 3, column 6): ")
    # What changes the score lies in the pixel's receptive field, rows 3 to 7 and columns 6 to 10.
    label = f"Saliency for {name} (row 3, column 6)"
    expect(tab.locator("#saliency canvas")).to_have_attribute("aria-label", label)
    lit = pixels_of(tab, "#saliency canvas").max(axis=-1) > 10  # 0 is nearly black
    assert lit[3:8, 6:11].any()
    lit[3:8, 6:11] = False
    assert not lit.any()
    expect(tab.locator("#occlusion canvas")).to_have_attribute(
        "aria-label",
        f"How much the score for {name} (row 3, column 6) falls where a patch is covered",
    )
    tab.locator("#pixel-row").fill("0")  # with the keyboard
    tab.locator("#pixel-column").fill("99")
    drawn(tab)
    assert np.allclose(scores(tab), expected[0, 7], atol=1e-5)
    tab.locator("#tab-change").click()
    tab.locator("#switches input").first.uncheck()
    drawn(tab)
    was = NAMES[expected[0, 7].argmax()]
    assert f"Before: {was} (row 0, column 7): " in tab.locator("#effect").inner_text()
    tab.get_by_role("button", name="Which map matters most?").click()
    expect(tab.locator("#ranking caption")).to_contain_text(" (row 0, column 7), ")


def test_an_output_that_is_a_picture_has_no_classes(visit, plants, expect):
    tab = visit(plants[2], at="#tab=why")
    tab.locator("#output-choice").select_option(label="picture")
    said = "This output has no classes. Select its layer to see its values."
    expect(tab.locator("#no-classes")).to_have_text(said)
    expect(tab.locator("#why-not")).to_have_text(said)
    for hidden in ("#answer-title", "#classes", "#pixels", "#saliency", "#target"):
        expect(tab.locator(hidden)).to_be_hidden()  # at once, or with the next maps
    tab.locator("#output-choice").select_option(label="kinds")
    expect(tab.locator("#class-map canvas")).to_be_visible()
    expect(tab.locator("#saliency canvas")).to_be_visible()
