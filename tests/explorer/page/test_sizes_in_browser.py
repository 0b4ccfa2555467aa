"""The playground of output sizes agrees with `kc.arithmetic`."""

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
    inputs, kernel, outputs = (tab.locator("#play-grids figure").nth(n) for n in range(3))
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
