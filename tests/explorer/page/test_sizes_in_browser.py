"""The playground of output sizes agrees with `kc.arithmetic`, and its transposed one with Keras."""

import keras
import numpy as np
import pytest

import kerascnn as kc

pytestmark = pytest.mark.browser
AT_FIRST = {
    "size": 7, "kernelSize": 3, "stride": 1, "dilation": 1, "depth": 4, "filters": 4, "groups": 1,
}  # fmt: skip


@pytest.fixture
def play(visit, lenet_page):
    """Set the sliders of the playground, and return the tab and what is set."""

    def play(padding, **settings):
        tab = visit(lenet_page, at="#tab=sizes")
        if isinstance(padding, str):
            tab.locator("#padding-rule").select_option(padding)
        else:
            tab.locator("#slider-padding").fill(str(padding))
        for name, value in settings.items():
            tab.locator(f"#slider-{name}").fill(str(value))
        return tab, AT_FIRST | settings

    return play


CASES = [
    (0, {}),
    (0, {"stride": 2}),
    (1, {"stride": 3}),
    ("same", {"size": 9, "kernelSize": 4, "stride": 3, "dilation": 2}),
    ("valid", {"depth": 6, "filters": 12, "groups": 3, "kernelSize": 5}),
]


@pytest.mark.parametrize(("padding", "settings"), CASES)
def test_sizes_are_those_of_the_arithmetic(play, padding, settings):
    tab, chosen = play(padding, **settings)
    sizes = (chosen["size"], chosen["kernelSize"], chosen["stride"], padding, chosen["dilation"])
    result, unseen = kc.arithmetic.conv_output_size(*sizes), kc.arithmetic.unseen_size(*sizes)
    said = tab.locator("#size-formula").inner_text()
    assert said.splitlines()[0].endswith(f"= {result}")
    assert ("do not fit" in said) == (kc.arithmetic.exact_output_size(*sizes).denominator > 1)
    assert ("No window covers" in said) == (unseen > 0)
    shape = (chosen["kernelSize"], chosen["depth"], chosen["filters"])
    parameters = kc.arithmetic.conv_parameters(*shape, groups=chosen["groups"])
    macs = kc.arithmetic.conv_macs((result, result), *shape, groups=chosen["groups"])
    assert f"= {parameters:,}" in said
    assert f"= {macs:,}" in said
    inputs, kernel, outputs = (tab.locator("#play-grids figure:visible").nth(n) for n in range(3))
    assert inputs.locator("td.windowed").count() == chosen["kernelSize"] ** 2
    seen = chosen["size"] - unseen
    assert inputs.locator("td.dropped").count() == chosen["size"] ** 2 - seen**2
    # The last of the outputs is the sum over the window at the last position.
    tab.locator("#position").fill(str(result**2 - 1))
    values, weights, sums = (
        np.array([int(cell) for cell in one.locator("td").all_inner_texts()])
        for one in (inputs, kernel, outputs)
    )
    side, taps = round(len(values) ** 0.5), chosen["kernelSize"]
    start = chosen["stride"] * (result - 1)
    window = values.reshape(side, side)[start :: chosen["dilation"], start :: chosen["dilation"]]
    assert sums.size == result**2
    assert sums[-1] == (window[:taps, :taps] * weights.reshape(taps, taps)).sum()


def test_what_does_not_work_is_said(play):
    tab, _chosen = play(0, size=5, kernelSize=4, dilation=3)
    said = tab.locator("#size-formula").inner_text()
    assert said.startswith("The kernel covers 10 values, but the padded input has only 5.")
    tab.locator("#slider-groups").fill("3")
    said = tab.locator("#size-formula").inner_text()
    assert "3 groups must divide 4 input channels and 4 filters." in said


def numbers(figure):
    """The numbers of a grid, and which of its cells have a class."""
    cells = figure.locator("td").evaluate_all(
        "all => all.map(one => [+one.textContent, one.className])"
    )
    side = round(len(cells) ** 0.5)
    values = np.array([value for value, _classes in cells], int).reshape(side, side)

    def marked(name):
        return np.array([name in classes for _value, classes in cells]).reshape(side, side)

    return values, marked


TRANSPOSED = [  # padding, settings, the formula in numbers and what is cut off
    ("valid", {"stride": 4, "kernelSize": 2}, "(3 − 1)·4 + max(2, 4) = 12", None),
    ("same", {"stride": 2, "kernelSize": 5}, "3·2 = 6", (1, 2)),
    ("same", {"stride": 3, "kernelSize": 2}, "3·3 = 9", None),
    ("same", {"dilation": 3}, "3·1 = 3", (3, 3)),
    (1, {"stride": 2}, "(3 − 1)·2 + 3 − 2·1 = 5", (1, 1)),
]


def test_a_transposed_convolution_is_that_of_keras(play):
    tab, _chosen = play("valid")
    tab.locator("#operation").select_option("transposed")
    assert tab.locator("#slider-groups").count() == 0
    for padding, settings, formula, cut in TRANSPOSED:
        tab.locator("#padding-rule").select_option(
            padding if padding in ("valid", "same") else "number"
        )
        given = {"size": 3, "kernelSize": 3, "stride": 1, "dilation": 1} | settings
        if padding == 1:
            given["padding"] = 1
        for name, value in given.items():
            tab.locator(f"#slider-{name}").fill(str(value))
        tab.locator("#position").fill("4")
        grids = [tab.locator("#play-grids figure").nth(n) for n in range(4)]
        (inputs, chosen), (kernel, _), (stamp, _), (sums, marked) = map(numbers, grids)
        layer = keras.layers.Conv2DTranspose(
            1,
            given["kernelSize"],
            strides=given["stride"],
            dilation_rate=given["dilation"],
            padding="valid" if padding == 1 else padding,
        )
        layer.build((None, 3, 3, 1))
        layer.set_weights([kernel[..., None, None], np.zeros(1)])
        result = np.array(layer(inputs[None, ..., None].astype("float32")))[0, ..., 0]
        result = result[1:-1, 1:-1] if padding == 1 else result
        kept = ~marked("dropped")
        assert np.array_equal(sums[kept], result.ravel())
        said = tab.locator("#size-formula").inner_text()
        assert said.splitlines()[0] == formula
        parts = "Rows and columns cut off: {} at the start, {} at the end."
        assert parts.format(*(cut or "??")) in said or (cut is None and "cut off" not in said)
        unreached = ("last row and column, which" in said) or ("rows and columns, which" in said)
        assert unreached == (kept[-1].all() and not sums[-1].any())
        assert f"{kc.arithmetic.conv_macs((3, 3), given['kernelSize'], 4, 4):,}" in said
        # The stamp of the value in the middle, and where it is added.
        assert list(zip(*np.nonzero(chosen("windowed")), strict=True)) == [(1, 1)]
        assert np.array_equal(stamp, inputs[1, 1] * kernel)
        first, apart, taps = given["stride"], given["dilation"], given["kernelSize"]
        places = np.zeros_like(kept)
        places[first::apart, first::apart][:taps, :taps] = True
        assert np.array_equal(marked("windowed"), places)


def test_what_a_transposed_convolution_lacks_is_said(play):
    tab, _chosen = play(3, size=1)
    tab.locator("#operation").select_option("transposed")
    assert (
        tab.locator("#size-formula")
        .inner_text()
        .startswith("Padding cuts off all of the 3 values that the kernels cover.")
    )
    tab.locator("#slider-stride").fill("2")
    tab.locator("#slider-dilation").fill("2")
    said = tab.locator("#size-formula").inner_text()
    assert "Keras refuses a stride and a dilation that are both greater than 1." in said
