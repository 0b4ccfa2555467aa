"""Replay and surgery: the page shows what Keras computes with the same weights."""

import base64
import io

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import kerascnn as kc

pytestmark = pytest.mark.browser


@pytest.fixture
def changed(lenet):
    """A copy of LeNet-5 whose weights a test may change."""
    copy = keras.models.clone_model(lenet)
    copy.set_weights(lenet.get_weights())
    return copy


def scores_of(tab):
    return np.array(
        tab.locator("#classes data").evaluate_all("all => all.map(one => +one.value)"), "float32"
    )


def keras_scores(tab, model):
    image = np.array(tab.evaluate("[...state.inputs[0]]"), "float32")
    return np.ravel(model(image.reshape(1, *model.input_shape[1:])))


def agree(tab, model, drawn):
    drawn(tab)
    return abs(scores_of(tab) - keras_scores(tab, model)).max() < 1e-4


def set_filter(model, layer, unit, value):
    kernel, bias = model.get_layer(layer).get_weights()
    kernel[..., unit], bias[unit] = value, 0
    model.get_layer(layer).set_weights([kernel, bias])


def test_the_slider_goes_through_the_training(visit, lenet_page, lenet, changed, epochs, drawn):
    tab = visit(lenet_page, at="#layer=c1&unit=3&tab=layer")
    assert tab.locator("#epoch").input_value() == "2"
    assert agree(tab, lenet, drawn)
    pictures = {2: tab.locator("#filter canvas").evaluate("c => c.toDataURL()")}
    formulas = {2: tab.locator("#formula").inner_text()}
    for epoch in (0, 1):
        tab.locator("#epoch").fill(str(epoch))
        changed.set_weights(epochs[epoch])
        assert agree(tab, changed, drawn)
        metrics = ", loss 1.25, accuracy 0.5" * epoch
        assert tab.locator("#epoch-text").inner_text() == f"Epoch {epoch}{metrics}"
        assert tab.locator("#epoch").get_attribute("aria-valuetext") == f"Epoch {epoch}{metrics}"
        pictures[epoch] = tab.locator("#filter canvas").evaluate("c => c.toDataURL()")
        formulas[epoch] = tab.locator("#formula").inner_text()
    assert len(set(pictures.values())) == len(set(formulas.values())) == 3
    assert tab.url.endswith("&epoch=1")
    alt = tab.locator("#curve").get_attribute("aria-label")
    assert alt == "loss: 1: 1.25; 2: 0.0625. accuracy: 1: 0.5; 2: 0.984"
    tab.reload()
    tab.wait_for_selector("html[data-ready]")
    assert agree(tab, changed, drawn)


def test_the_training_plays_and_pauses(visit, lenet_page):
    tab = visit(lenet_page, clock=True)
    slider = tab.locator("#epoch")
    tab.get_by_role("button", name="Play").click()
    assert slider.input_value() == "0"
    tab.clock.run_for(800)
    assert slider.input_value() == "1"
    tab.get_by_role("button", name="Pause").click()
    tab.clock.run_for(3000)
    assert slider.input_value() == "1"
    tab.get_by_role("button", name="Play").click()
    tab.clock.run_for(3000)
    assert slider.input_value() == "2"
    assert tab.get_by_role("button", name="Play").is_visible()


def test_a_filter_is_switched_off_and_on_again(
    visit, lenet_page, lenet, changed, digits, drawn, expect
):
    tab = visit(lenet_page, at="#layer=c3&tab=change")
    undo = tab.get_by_role("button", name="Undo", exact=True)
    assert undo.is_disabled()
    for nth in (2, 5):
        tab.get_by_label(f"on: Map {nth}", exact=True).uncheck()
        set_filter(changed, "c3", nth, 0)
        assert agree(tab, changed, drawn)
    assert not tab.evaluate("mapOf(state.node, 5).some(Boolean)")
    assert tab.locator("#effect").inner_text().startswith("Before: 8: ")
    right = int((np.argmax(changed(digits[0]), axis=-1) == digits[1]).sum())
    expect(tab.locator("#accuracy")).to_have_text(f"Correct on {right} of 12 samples")
    expect(tab.locator("#effect")).to_contain_text(f"{right} now, of 12.")
    undo.click()
    assert tab.get_by_label("on: Map 5", exact=True).is_checked()
    tab.keyboard.press("Control+z")
    assert agree(tab, lenet, drawn)
    tab.get_by_label("on: Map 2", exact=True).uncheck()
    tab.locator("#restore-all").click()
    assert agree(tab, lenet, drawn)
    assert tab.locator("#restore").is_hidden()


def test_a_filter_stays_off_at_all_epochs(visit, lenet_page, changed, epochs, drawn):
    tab = visit(lenet_page, at="#layer=c1&tab=change")
    tab.get_by_label("on: Map 0", exact=True).uncheck()
    tab.locator("#epoch").fill("0")
    changed.set_weights(epochs[0])
    set_filter(changed, "c1", 0, 0)
    assert agree(tab, changed, drawn)


def test_numbers_of_a_kernel_are_edited(visit, lenet_page, lenet, changed, drawn):
    tab = visit(lenet_page, at="#layer=c3&unit=4&tab=change")
    tab.locator("#kernel-channel").fill("3")
    kernel, bias = lenet.get_layer("c3").get_weights()
    field = tab.get_by_label("Weight in row 1, column 2")
    assert float(field.input_value()) == pytest.approx(kernel[1, 2, 3, 4], rel=0.01)
    field.fill("2.5")
    field.press("Tab")
    tab.get_by_label("bias").fill("-1")
    tab.get_by_label("bias").press("Enter")
    kernel[1, 2, 3, 4], bias[4] = 2.5, -1
    changed.get_layer("c3").set_weights([kernel, bias])
    assert agree(tab, changed, drawn)
    field.fill("")
    field.press("Tab")  # nothing is no number: the field shows the weight again
    assert float(field.input_value()) == 2.5
    tab.locator("#undo").click()
    bias[4] = lenet.get_layer("c3").get_weights()[1][4]
    changed.get_layer("c3").set_weights([kernel, bias])
    assert agree(tab, changed, drawn)
    tab.locator("#restore-all").click()
    assert agree(tab, lenet, drawn)


def test_a_map_is_held_while_the_input_changes(visit, lenet_page, drawn):
    tab = visit(lenet_page, at="#layer=c1&unit=1&tab=change&sample=0")
    maps = "[1, 2].map(map => mapOf(state.node, map).join())"
    first = tab.evaluate(maps)
    tab.get_by_label("hold: Map 1", exact=True).check()
    tab.locator("#samples button").nth(3).click()
    drawn(tab)
    second = tab.evaluate(maps)
    assert second[0] == first[0]
    assert second[1] != first[1]
    tab.get_by_label("hold: Map 1", exact=True).uncheck()
    drawn(tab)
    assert tab.evaluate(maps)[0] != first[0]


def test_filters_are_ranked_by_what_the_answer_loses(visit, lenet_page, lenet, changed, drawn):
    tab = visit(lenet_page, at="#layer=c3&tab=change&sample=2")
    klass = int(tab.locator("#predicted").inner_text())
    tab.get_by_role("button", name="Which map matters most?").click()
    rows = tab.locator("#ranking tbody tr")
    names = rows.locator("th").all_inner_texts()
    shown = rows.locator("data").evaluate_all("all => all.map(one => +one.value)")
    logits = keras.models.clone_model(lenet)
    logits.layers[-1].activation = keras.activations.linear
    falls, scores = [], []
    logits.set_weights(lenet.get_weights())
    whole = keras_scores(tab, logits)[klass]
    for unit in range(16):
        changed.set_weights(lenet.get_weights())
        set_filter(changed, "c3", unit, 0)
        logits.set_weights(changed.get_weights())
        falls.append(whole - keras_scores(tab, logits)[klass])
        scores.append(keras_scores(tab, changed)[klass])
    order = np.argsort(falls)[::-1][:10]
    assert names == [f"Map {unit}" for unit in order]
    expected = np.stack([np.array(falls)[order], np.array(scores)[order]], axis=1)
    assert np.allclose(np.reshape(shown, (10, 2)), expected, atol=1e-3)
    assert agree(tab, lenet, drawn)  # all maps are on again


def heatmaps(tab):
    return tab.locator("#view-why canvas").evaluate_all("all => all.map(c => c.toDataURL())")


def test_explanations_follow_the_input(visit, lenet_page, lenet, drawn, expect):
    tab = visit(lenet_page, at="#tab=why&sample=1")
    alt = tab.locator("#cam canvas")
    expect(alt).to_have_attribute("aria-label", "Grad-CAM for 4 at the layer c3")
    covered = "How much the score for 4 falls where a patch is covered"
    expect(tab.locator("#occlusion canvas")).to_have_attribute("aria-label", covered)
    before = heatmaps(tab)
    tab.locator("#samples button").nth(3).click()
    expect(alt).to_have_attribute("aria-label", "Grad-CAM for 0 at the layer c3")
    tab.locator("#target").select_option("6")
    expect(alt).to_have_attribute("aria-label", "Grad-CAM for 6 at the layer c3")
    tab.locator("#cam-layer").select_option(label="c1")
    expect(alt).to_have_attribute("aria-label", "Grad-CAM for 6 at the layer c1")
    covered = "How much the score for 6 falls where a patch is covered"
    expect(tab.locator("#occlusion canvas")).to_have_attribute("aria-label", covered)
    assert all(one != other for one, other in zip(before, heatmaps(tab), strict=True))
    # The heat that is drawn is that of Keras.
    image = np.array(tab.evaluate("[...state.inputs[0]]"), "float32").reshape(1, 28, 28, 1)
    cam = tab.evaluate("[...net.gradCam(state.run, 1, 6)]")
    expected = kc.visualize.grad_cam(lenet, image, target=6, layer="c1")[0]
    assert np.allclose(np.reshape(cam, expected.shape), expected, atol=1e-4 * expected.max())


def test_heat_lies_where_the_maps_do(visit, tmp_path, expect):
    """Maps of 21x21 pixels without padding lack 10 pixels at each side."""
    wide = layers.Conv2D(1, 21, activation="relu", bias_initializer="ones", name="wide")
    model = keras.Sequential(
        [keras.Input((40, 40, 1)), wide, layers.GlobalAveragePooling2D(), layers.Dense(2)]
    )
    model.layers[-1].set_weights([np.array([[-1.0, 1.0]]), np.zeros(2)])
    black, page = np.zeros((1, 40, 40, 1), "float32"), tmp_path / "wide.html"
    kc.explorer.export(model, page, class_names=["a", "b"], samples=black)
    tab = visit(page, at="#tab=why&sample=0")
    canvas = tab.locator("#cam canvas")
    expect(canvas).to_have_attribute("aria-label", "Grad-CAM for b at the layer wide")
    address = canvas.evaluate("canvas => canvas.toDataURL()")
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    colored = np.array(picture.convert("L")) > 20
    rows, columns = np.nonzero(colored)
    edges = np.array([rows.min(), rows.max() + 1, columns.min(), columns.max() + 1])
    np.testing.assert_allclose(edges / len(colored), [0.25, 0.75, 0.25, 0.75], atol=0.03)
