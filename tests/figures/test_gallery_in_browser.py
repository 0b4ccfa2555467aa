"""How the page of figures behaves in a browser."""

from pathlib import Path

import pytest

import kerascnn as kc
from kerascnn._text import LANGUAGES, language, text

pytestmark = pytest.mark.browser
PROBLEMS = (Path(__file__).parent / "problems.js").read_text("utf-8")


def visible(tab):
    return tab.eval_on_selector_all(
        "article", "all => all.filter(a => a.checkVisibility()).map(a => a.id)"
    )


def test_search_finds_words_of_the_shown_language(visit):
    tab = visit()
    count = tab.get_by_role("status").first
    assert count.inner_text() == "5 figures"
    searches = {
        "en": [("pooling", "1 of 5 figures"), ("KERNEL move", "1 of 5 figures"),
               ("B1", "1 of 5 figures"), ("volume-quiz", "1 of 5 figures"),
               ("풀링", "No figure has all these words.")],
        "ko": [("풀링", "그림 5개 중 1개"), ("합성곱 커널", "그림 5개 중 1개"),
               ("풀ㄹ", "그림 5개 중 1개")],
        "es": [("convolucion kernel", "1 de 5 figuras"), ("submuestreo", "1 de 5 figuras")],
    }  # fmt: skip
    for lang, cases in searches.items():
        tab.locator(f"input[value={lang}]").check(force=True)
        for words, said in cases:
            tab.get_by_role("searchbox").fill(words)
            assert count.inner_text() == said, words
    assert visible(tab) == ["stride-or-pooling"]
    assert tab.locator("section:visible h2").all_inner_texts() == ["C\nSubmuestreo"]
    assert tab.locator("nav li:visible").count() == 1
    tab.get_by_role("searchbox").fill("")
    assert len(visible(tab)) == 5


def test_the_language_switches_without_reload_and_is_remembered(visit):
    tab = visit()
    tab.evaluate("window.same = true")
    kernels = tab.locator("#kernel-size")
    assert tab.locator(".notice:visible").count() == 0
    for lang in ("es", "ko"):
        tab.locator(f"input[value={lang}]").check(force=True)
        with language(lang):
            for name in ("dense-matrix-beside-a-filter", "volume-quiz", "kernel-size"):
                one = kc.figures.lecture_figures()[name]
                card = tab.locator(f"#{name}")
                assert card.locator("h3").inner_text() == text(one.title)
                assert card.locator("img").get_attribute("alt") == text(one.alt)
            assert tab.title() == text("Lecture figures") == tab.locator("h1").inner_text()
    assert tab.evaluate("document.documentElement.lang") == "ko"
    assert tab.evaluate("window.same")
    assert tab.locator(".notice:visible").inner_text().endswith("kerascnn figures --lang ko")
    assert kernels.locator("img").get_attribute("src") == "ko/kernel-size.png"
    assert tab.locator("#moving img").get_attribute("src") == "moving.png"
    kernels.get_by_role("link").click()
    assert tab.locator("#large").get_attribute("src") == "ko/kernel-size.svg"
    assert tab.locator("dialog .downloads a:visible").all_inner_texts() == ["SVG", "PNG"]
    tab.reload()
    assert tab.locator("h1").inner_text() == "강의 그림"
    assert tab.locator("input[value=ko]").is_checked()


def test_the_theme_follows_the_system_until_it_is_chosen(visit, expect):
    tab = visit(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark, button = tab.evaluate(ground), tab.locator("#theme")
    assert button.get_attribute("aria-pressed") == "true"
    tab.emulate_media(color_scheme="light")
    light = tab.evaluate(ground)
    assert light != dark
    expect(button).to_have_attribute("aria-pressed", "false")
    tab.get_by_role("button", name="Dark theme").click()
    assert tab.evaluate(ground) == dark
    tab.reload()
    assert tab.evaluate(ground) == dark
    assert button.get_attribute("aria-pressed") == "true"


def test_the_keyboard_reaches_everything(visit, expect):
    tab = visit()
    focused = "document.activeElement.id || document.activeElement.className"

    def press(*keys):
        for key in keys:
            tab.keyboard.press(key)
        return tab.evaluate(focused)

    def ringed():
        return tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"

    assert press("Tab") == "skip"
    assert ringed()
    assert press("Enter") == "figures"
    assert press("Tab", "Enter") == "view-title"  # the first figure, enlarged
    assert tab.url.endswith("#dense-matrix-beside-a-filter")
    position = tab.locator("#position")
    assert position.inner_text() == "1 of 5"
    press("ArrowLeft")  # there is none before it
    press("ArrowRight", "ArrowRight", "ArrowRight")
    assert position.inner_text() == "4 of 5"
    assert tab.locator("#view-title").inner_text() == tab.locator("#kernel-size h3").inner_text()
    press("Tab")
    assert ringed()
    assert tab.evaluate("document.activeElement.closest('dialog') !== null")
    press("Escape")
    expect(tab.locator("#kernel-size .open")).to_be_focused()
    assert not tab.locator("dialog").is_visible()
    assert (
        tab.evaluate("getComputedStyle(document.activeElement.closest('article')).outlineStyle")
        == "solid"
    )
    assert tab.url.endswith("index.html")
    assert tab.locator("#kernel-size .details pre").count() == 7  # the card has them back
    tab.get_by_role("searchbox").focus()
    assert press("Tab") == ""  # the languages
    assert press("ArrowRight", "Tab") == "theme"
    assert tab.evaluate("document.documentElement.lang") == "ko"
    assert ringed()


def test_the_enlarged_view_has_it_all(visit, expect):
    tab = visit("index.html#moving", permissions=["clipboard-read", "clipboard-write"])
    view = tab.get_by_role("dialog", name="Convolution slides a kernel over the image")
    assert view.locator("#large").get_attribute("alt") == "A & B <move>."
    assert view.locator(".alt").inner_text() == "A & B <move>."
    links = view.locator(".downloads a:visible, .steps a:visible")
    files = links.evaluate_all("all => all.map(a => a.getAttribute('href'))")
    steps = [f"moving-{i}.{kind}" for kind in ("svg", "png") for i in (1, 2, 3)]
    assert files == ["moving.svg", "moving.png", "moving.gif", "moving.html", *steps]
    tab.wait_for_function("document.querySelector('#large').naturalWidth > 100")  # it is loaded
    codes = (
        "kerascnn figures moving --style paper",
        'kc.figures.render("moving", style="paper")',
        "return fig",
    )
    for nth, code in enumerate(codes):
        view.get_by_role("button", name="Copy").nth(nth).click()
        expect(view.locator(".code:visible").nth(nth).get_by_role("status")).to_have_text("Copied")
        assert tab.evaluate("navigator.clipboard.readText()").strip().endswith(code)
    assert view.get_by_role("link", name="CC0 1.0").is_visible()
    assert "Lav Varshney" in view.inner_text()
    view.get_by_role("button", name="Close").click()
    assert not view.is_visible()


def test_without_scripts_everything_can_be_read(visit):
    tab = visit(java_script_enabled=False)
    assert tab.locator("#kernel-size h3 a").get_attribute("href") == "en/kernel-size.svg"
    for part in ("img", ".alt [lang=en]", ".downloads a >> nth=0", "pre >> nth=-1"):
        assert tab.locator(f"#kernel-size {part}").is_visible()
    for part in (
        "header input >> nth=0",
        "#theme",
        ".copy >> nth=0",
        "dialog",
        ".alt [lang=ko] >> nth=0",
    ):
        assert not tab.locator(part).is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_readable_and_named_for_everybody(visit, theme):
    tab = visit(color_scheme=theme, viewport={"width": 320, "height": 700})
    for lang in LANGUAGES:
        tab.locator(f"input[value={lang}]").check(force=True)
        assert tab.evaluate(PROBLEMS) == []
        tab.locator("#moving h3 a").click()
        assert tab.evaluate(PROBLEMS) == []
        tab.keyboard.press("Escape")
    tab.locator("#moving h3 a").click()  # its details are in the view, and still searched
    tab.evaluate("document.querySelector('input[value=en]').click()")
    assert tab.locator("#moving img").get_attribute("alt") == "A & B <move>."
    assert [tab.locator(one).count() for one in ("header", "nav", "main", "h1")] == [1, 1, 1, 1]
