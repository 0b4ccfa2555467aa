"""Pages of other networks: branches, nested models, several inputs and outputs, images in color."""

import io

import keras
import numpy as np
import pytest
from PIL import Image

import kerascnn as kc

pytestmark = pytest.mark.browser
layers = keras.layers


@pytest.fixture(scope="module")
def branches(tmp_path_factory):
    """A network with two branches, one of them nested, and a shortcut, on color images."""
    keras.utils.set_random_seed(1)
    nested = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="inner"),
            layers.Conv2D(4, 3, padding="same", name="deeper"),
        ],
        name="branch",
    )
    inputs = keras.Input((8, 8, 3), name="photo")
    left = layers.Conv2D(4, 1, name="left")(inputs)
    joined = layers.Add(name="joined")([left, nested(inputs)])
    both = layers.Concatenate(name="both")([joined, inputs])
    outputs = layers.Dense(3, activation="softmax", name="class")(
        layers.GlobalAveragePooling2D(name="mean")(both)
    )
    model = keras.Model(inputs, outputs)
    images = np.random.default_rng(0).random((4, 8, 8, 3), "float32")
    path = tmp_path_factory.mktemp("branches") / "page.html"
    names = ["rose", "a daisy with a long name", "tulip"]
    kc.explorer.export(model, path, class_names=names, samples=(images, [0, 1, 2, 1]))
    return model, path


def places(tab):
    """Where the shown layers are: the left and upper edge of each."""
    return tab.locator(".layer:visible").evaluate_all(
        "all => Object.fromEntries(all.map(one => "
        "[one.querySelector('b').textContent, [one.offsetLeft, one.offsetTop]]))"
    )


def test_branches_are_side_by_side(visit, branches, drawn):
    model, path = branches
    tab = visit(path)
    found = places(tab)
    inner = next(name for name in found if name.endswith("inner"))
    deeper = next(name for name in found if name.endswith("deeper"))
    assert found["photo"][0] < found["left"][0] == found[inner][0] < found[deeper][0]
    assert found[deeper][0] < found["joined"][0] < found["both"][0] < found["mean"][0]
    assert found["left"][1] != found[inner][1]
    assert tab.locator("#edges > path").count() == 9  # two from the nested model
    image = np.array(tab.evaluate("[...state.inputs[0]]"), "float32").reshape(1, 8, 8, 3)
    shown = tab.locator("#classes data").evaluate_all("all => all.map(one => +one.value)")
    assert np.allclose(shown, model(image)[0], atol=1e-5)
    assert tab.locator("#classes .class").nth(1).inner_text() == "a daisy with a long name"
    # The merge tells what it merges.
    tab.locator("#layer").select_option(label="joined")
    drawn(tab)
    assert tab.locator("#formula").inner_text().startswith("joined[4, 4, 0] = ")


def test_a_nested_model_is_folded_into_one_layer(visit, branches):
    tab = visit(branches[1])
    before = places(tab)
    button = tab.locator("#blocks button")
    assert button.inner_text() == "branch"
    button.click()
    assert button.get_attribute("aria-expanded") == "false"
    assert len(places(tab)) == len(before) - 1
    assert tab.locator("#edges > path").count() == 8
    button.click()
    assert places(tab) == before
    fold = tab.locator(".layer-fold").nth(1)
    fold.click()
    assert fold.get_attribute("aria-expanded") == "false"
    assert not tab.locator(".layer-maps").nth(1).is_visible()


def test_it_is_drawn_in_color(visit, branches, drawn):
    tab = visit(branches[1])
    tab.get_by_role("button", name="Clear").click()
    tab.locator("#pen input").evaluate("one => { one.value = '#ff0000'; }")
    box = tab.locator("#board").bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 5)
    tab.mouse.up()
    drawn(tab)
    image = np.array(tab.evaluate("[...state.inputs[0]]")).reshape(8, 8, 3)
    assert image[:, 3:5, 0].min() > 0.2
    assert image[..., 1:].max() < 0.02
    assert image[:, :3].max() == 0


def opened(tab, pixels):
    """Open a picture of these pixels, and return what the network sees."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    tab.locator("#file").set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    tab.wait_for_selector("#message span:text('x.png')")
    tab.get_by_role("button", name="Close").click()
    return np.array(tab.evaluate("[...state.inputs[0]]"))


def test_a_picture_is_seen_in_its_own_pixels(visit, branches):
    tab = visit(branches[1])
    rng = np.random.default_rng(2)
    exact = rng.integers(0, 256, (8, 8, 3), "uint8")
    assert np.allclose(opened(tab, exact), exact.ravel() / 255, atol=1e-6)
    # Twice as large, and wider: the middle, of which 2x2 pixels are averaged.
    large = rng.integers(0, 256, (16, 24, 3), "uint8")
    means = large[:, 4:20].reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))
    assert np.allclose(opened(tab, large), means.ravel() / 255, atol=1e-6)


def test_several_inputs_and_outputs_have_a_choice_each(visit, tmp_path, drawn, expect):
    keras.utils.set_random_seed(2)
    picture = keras.Input((6, 6, 1), name="picture")
    numbers = keras.Input((5,), name="numbers")
    x = layers.Concatenate()([layers.Flatten()(picture), numbers])
    kind = layers.Dense(3, activation="softmax", name="kind")(x)
    size = layers.Dense(1, name="size")(x)
    model = keras.Model([picture, numbers], [kind, size])
    rng = np.random.default_rng(0)
    samples = [rng.random((2, 6, 6, 1), "float32"), rng.normal(size=(2, 5)).astype("float32")]
    first, second = np.argmax(model(samples)[0], axis=-1)
    labeled = (samples, [first, (second + 1) % 3])
    tab = visit(kc.explorer.export(model, tmp_path / "two.html", samples=labeled))

    def agree():
        drawn(tab)
        given = [np.array(tab.evaluate(f"[...state.inputs[{n}]]"), "float32") for n in (0, 1)]
        outputs = model([given[0].reshape(1, 6, 6, 1), given[1][None]])
        shown = [tab.evaluate(f"[...state.values[model.outputs[{n}].node]]") for n in (0, 1)]
        return all(np.allclose(a, b[0], atol=1e-5) for a, b in zip(shown, outputs, strict=True))

    assert agree()
    tab.evaluate("camera.stream = new MediaStream()")
    tab.locator("#input-choice").select_option(label="numbers")
    assert tab.evaluate("camera.stream") is None  # whose pictures would be no numbers
    assert not tab.locator("#board").is_visible()
    fields = tab.locator("#numbers input")
    assert [float(v) for v in fields.evaluate_all("all => all.map(one => one.value)")] == (
        pytest.approx(samples[1][0].tolist(), rel=1e-3)
    )
    fields.nth(2).fill("-4.5")
    assert agree()
    assert tab.evaluate("state.inputs[1][2]") == -4.5
    tab.locator("#samples button").nth(1).click()
    assert agree()
    accuracy = tab.locator("#accuracy")
    expect(accuracy).to_have_text("Correct on 1 of 2 samples")
    tab.locator("#output-choice").select_option(label="size")
    drawn(tab)
    assert tab.locator("#classes li").count() == 1
    assert tab.locator("#classes .class").inner_text() == "size"  # a number, and no class
    value = float(tab.evaluate("state.values[model.outputs[1].node][0]"))
    assert tab.locator("#predicted").inner_text() == f"{value:.3g}".replace("-", "−")
    expect(accuracy).to_have_text("")  # the labels are kinds
    tab.locator("#tab-why").click()
    expect(tab.locator("#target")).to_be_hidden()
    label = "Saliency for size"
    expect(tab.locator("#saliency canvas")).to_have_attribute("aria-label", label)
    tab.locator("#input-choice").select_option(label="picture")
    assert tab.locator("#board").is_visible()


def test_the_lenet5_of_1998_reads_drawn_digits(visit, digits, tmp_path, drawn, expect):
    """Its input is larger than a digit, and its scores are distances."""
    model = kc.build_lenet5(variant="1998", weights="mnist")
    tab = visit(kc.explorer.export(model, tmp_path / "1998.html", samples=digits))
    framed = np.pad(digits[0], [(0, 0), (2, 2), (2, 2), (0, 0)])
    right = int((np.argmax(model(framed), axis=-1) == digits[1]).sum())
    expect(tab.locator("#accuracy")).to_have_text(f"Correct on {right} of 12 samples")
    tab.get_by_role("button", name="Clear").click()
    box = tab.locator("#board").bounding_box()
    tab.mouse.move(box["x"] + 140, box["y"] + 30)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 140, box["y"] + 250)
    tab.mouse.up()
    drawn(tab)
    image = np.array(tab.evaluate("[...state.inputs[0]]"), "float32").reshape(1, 32, 32, 1)
    assert np.flatnonzero(image.any(axis=(0, 2, 3))).tolist() == list(range(6, 26))  # 20 rows
    assert tab.locator("#predicted").inner_text() == str(np.argmax(model(image)))


def test_a_single_sigmoid_answers_with_one_of_two_classes(visit, tmp_path, drawn):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, activation="sigmoid")])
    model.set_weights([np.ones((4, 1)), np.zeros(1)])
    page = kc.explorer.export(model, tmp_path / "two.html", class_names=["cat", "dog"])
    tab = visit(page)
    for value, name, scores in (
        (-1, "cat", ["73.1 %", "26.9 %"]),
        (2, "dog", ["11.9 %", "88.1 %"]),
    ):
        tab.locator("#numbers input").first.fill(str(value))
        drawn(tab)
        assert tab.locator("#predicted").inner_text() == name
        assert tab.locator("#classes data").all_inner_texts() == scores


def test_it_works_in_the_frame_of_a_notebook(browser, lenet, digits, tmp_path):
    """Where the browser gives it neither storage nor an address."""
    notebook = tmp_path / "notebook.html"
    notebook.write_text(kc.explorer.show(lenet, samples=digits)._repr_html_(), "utf-8")
    context = browser.new_context()
    tab, wrong = context.new_page(), []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda said: wrong.append(said.text))
    tab.goto(notebook.as_uri())
    frame = tab.frames[1]
    frame.wait_for_selector("html[data-ready]")
    frame.locator(".layer-open").nth(3).click()
    frame.locator("input[value=es]").check(force=True)
    assert frame.locator("#formula").inner_text().startswith("c3[5, 5, 0] = ")
    assert frame.locator("#predicted").inner_text() == str(digits[1][0])
    context.close()
    assert wrong == []
