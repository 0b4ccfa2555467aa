"""How the page of an animated figure behaves in a browser."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
PROBLEMS = (Path(__file__).parent / "problems.js").read_text("utf-8")


@pytest.fixture
def player(visit):
    return visit("moving.html")


def state(tab):
    """The step that the slider, the words and the picture show; the pictures differ in size."""
    frames = tab.locator("#frames img").all()
    shown = [nth for nth, frame in enumerate(frames, start=1) if frame.is_visible()]
    slider = tab.get_by_role("slider", name="Step")
    step = int(slider.input_value())
    assert shown == [step]
    assert tab.get_by_role("status").inner_text() == f"Step {step} of 3"
    assert slider.get_attribute("aria-valuetext") == f"Step {step} of 3"
    return step


def blue(tab):
    """How many pixels of the picture are not light, of 100x50."""
    return tab.locator("#frames img:visible").evaluate("""async (picture) => {
      await picture.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [100, 50];
      const context = canvas.getContext("2d");
      context.drawImage(picture, 0, 0, 100, 50);
      const values = context.getImageData(0, 0, 100, 50).data; // red, green, blue, opacity
      return values.filter((value, nth) => nth % 4 === 0 && value < 128).length;
    }""")


def test_keys_go_from_step_to_step(player):
    seen = {state(player): blue(player)}
    for key, step in {"ArrowRight": 2, "PageDown": 3, "Home": 1, "End": 3, "ArrowLeft": 2}.items():
        player.keyboard.press(key)
        assert state(player) == step, key
        seen[step] = blue(player)
    assert 0 < seen[1] < seen[2] < seen[3]  # the circle grows
    player.keyboard.press("End")
    player.keyboard.press("ArrowRight")
    assert state(player) == 3  # there is none after it
    player.keyboard.press("Control+Home")
    assert state(player) == 3  # not ours


def test_the_slider_and_the_buttons_do_so_too(player):
    player.get_by_role("slider").fill("3")
    assert state(player) == 3
    assert player.get_by_role("button", name="Next step").is_disabled()
    player.get_by_role("button", name="Previous step").click()
    assert state(player) == 2
    player.get_by_role("button", name="Next step").click()
    assert state(player) == 3
    player.get_by_role("slider").focus()
    for key, step in {"ArrowLeft": 2, "Home": 1, "ArrowRight": 2}.items():
        player.keyboard.press(key)
        assert state(player) == step, key


def test_it_plays_until_the_last_step_and_pauses(visit):
    player = visit("moving.html", clock=True)
    button = player.locator("#play")
    assert button.inner_text() == "Play"
    button.click()
    assert button.inner_text() == "Pause"
    assert state(player) == 1
    player.clock.run_for(1600)
    assert state(player) == 2
    player.keyboard.press("Space")  # on the button: it pauses
    assert button.inner_text() == "Play"
    player.clock.run_for(5000)
    assert state(player) == 2
    player.get_by_role("slider").focus()
    player.keyboard.press("Space")  # elsewhere: it plays on
    player.clock.run_for(5000)
    assert state(player) == 3
    assert button.inner_text() == "Play"
    button.click()  # again from the first
    assert state(player) == 1
    player.keyboard.press("ArrowRight")  # a key stops it
    player.clock.run_for(5000)
    assert state(player) == 2


def test_everybody_can_use_it(visit):
    tab = visit("moving.html", viewport={"width": 320, "height": 500})
    assert tab.evaluate(PROBLEMS) == []
    assert tab.evaluate("document.documentElement.scrollHeight") <= 500
    assert tab.get_by_role("img", name="A & B <move>.").is_visible()
    reached = []
    for _stop in range(3):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id"))
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["play", "next", "step"]  # there is no previous step
    plain = visit("moving.html", java_script_enabled=False)
    assert plain.locator("#frames img:visible").count() == 3
    assert plain.locator("form:visible").count() == 0
