"""Sheets: the same seed in every language, formats that other programs read, one-line errors."""

import doctest
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import numpy as np
import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from kerascnn import _print, exercises
from kerascnn.cli import main
from kerascnn.exercises import _formats
from kerascnn.exercises._question import Choice, Grid, Question

NASTY = "<script>alert(1)</script> {a} ~b = c: #d *e* `f` | g \\ [h](i) $j$"


@pytest.fixture(scope="module")
def sheets():
    return {lang: exercises.sheet(count=20, seed=7, lang=lang) for lang in ("en", "ko", "es")}


def test_every_language_has_the_same_questions(sheets):
    for questions in zip(*(sheet.questions for sheet in sheets.values()), strict=True):
        english, *others = questions
        for other in others:
            assert other.answer == english.answer
            assert other.letter == english.letter
            assert [c.value for c in other.choices] == [c.value for c in english.choices]
            assert [g.rows for g in other.grids] == [g.rows for g in english.grids]
            assert other.text != english.text


def test_a_seed_is_a_sheet():
    def texts(**options):
        return [one.text for one in exercises.sheet("shapes", count=8, **options).questions]

    assert texts(seed=7) == texts(seed=7)
    assert texts(seed=7) != texts(seed=8)
    assert texts(seed=7) != texts(seed=7, level=2)
    assert texts(seed=7) == [
        one.text for one in exercises.sheet("shapes", count=30, seed=7).questions[:8]
    ]


def test_no_question_twice():
    questions = exercises.sheet("shapes", count=60).questions
    assert len({one.text for one in questions}) == 60
    pictures = exercises.sheet("which-kernel", count=30).questions
    assert len({(one.given["photo"], one.given["corner"]) for one in pictures}) == 30


def test_kinds_take_turns():
    kinds = [one.kind for one in exercises.sheet(["shapes", "macs"], count=4).questions]
    assert kinds == ["shapes", "macs"] * 2
    kinds = [one.kind for one in exercises.sheet(["lectures", "macs"], count=40).questions]
    assert kinds.count("lectures") == 18


def test_a_hundred_questions_do_without_tensorflow():
    code = (
        "import sys, kerascnn as kc; kc.exercises.sheet(count=100, level=3);"
        "print({'tensorflow', 'keras', 'matplotlib', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# The formats


@pytest.fixture(scope="module")
def nasty():
    """A question whose words are markup in every format."""
    choices = (Choice("A", NASTY), Choice("B", "plain", NASTY), Choice("C", "other", "a mistake"))
    one = Question("shapes", NASTY, NASTY, choices, (NASTY,), (Grid(NASTY, ((1, -2), (3, 4))),))
    return exercises.Sheet((one,), NASTY, ("shapes",), 7, 1, "en")


class Words(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words += data


def test_html_is_a_page_and_a_key(nasty, sheets, tmp_path):
    page, key = nasty.save(tmp_path / "sheet.html")
    assert key.name == "sheet-answers.html"
    for path, shown in ((page, 3), (key, 5)):
        read = Words(path.read_text("utf-8"))
        assert "script" not in read.tags
        assert read.words.count(NASTY) >= shown
    korean = sheets["ko"].save(tmp_path / "ko.html")
    assert all('<html lang="ko">' in path.read_text("utf-8") for path in korean)
    assert all("시드 7" in path.read_text("utf-8") for path in korean)
    assert "정답: " not in korean[0].read_text("utf-8")
    assert korean[1].read_text("utf-8").count("정답: ") == 20


def test_markdown_shows_the_words(nasty):
    page, key = (part.decode() for part in _formats.as_markdown(nasty))
    for text, shown in ((page, 4), (key, 6)):
        read = Words(MarkdownIt("commonmark").enable("table").render(text))
        assert {"script", "a", "em", "table"} & set(read.tags) == set()
        assert read.words.count(NASTY) == shown
    assert "1  −2" in page


def read_gift(text):
    """Read multiple-choice questions as Moodle's import does (docs.moodle.org, "GIFT format")."""
    special = r"(?<!\\)"  # a backslash takes its meaning from the next character

    def words(part):
        part = re.sub(r"^\[html\]", "", part.strip())
        return Words(re.sub(r"\\([\\~=#{}:])", r"\1", part.replace(r"\n", "\n"))).words

    for block in re.split(r"\n[ \t]*\n", text):
        lines = [line for line in block.splitlines() if not line.startswith("//")]
        block = "\n".join(lines).strip()
        if not block or block.startswith("$CATEGORY: "):
            continue
        title, rest = re.fullmatch(special + r"::(.*?)(?<!\\)::(.*)", block, re.DOTALL).groups()
        stem, inside = re.fullmatch(
            r"(.*?)" + special + r"\{(.*)" + special + r"\}", rest, re.DOTALL
        ).groups()
        assert not re.search(special + "[{}]", stem + inside)
        inside, _hashes, general = inside.partition("####")
        answers = []
        for sign, answer in re.findall(special + r"([=~])((?:\\.|[^\\=~])*)", inside, re.DOTALL):
            value, *feedback = re.split(special + "#", answer)
            answers.append((sign == "=", words(value), words("".join(feedback))))
        yield title, words(stem), answers, words(general)


def test_gift_is_what_moodle_reads(nasty, sheets):
    for sheet in (nasty, *sheets.values()):
        read = list(read_gift(_formats.as_gift(sheet)[0].decode()))
        assert len(read) == len(sheet.questions)
        for (_title, stem, answers, why), one in zip(read, sheet.questions, strict=True):
            assert stem.startswith(one.text.replace("\n", ""))
            assert [right for right, *_words in answers] == [c.is_right for c in one.choices]
            assert [mistake for *_value, mistake in answers] == [c.mistake for c in one.choices]
            assert why == "".join(one.steps)
    assert next(read_gift(_formats.as_gift(nasty)[0].decode()))[2][0][1] == NASTY


def test_a_notebook_says_right_or_wrong(sheets, capsys):
    book, key = (
        nbformat.reads(part.decode(), as_version=4) for part in _formats.as_notebook(sheets["es"])
    )
    for notebook, said in ((book, "Aún no hay respuesta."), (key, "Correcto.")):
        nbformat.validate(notebook)
        names = {}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                exec(cell.source, names)
        assert capsys.readouterr().out.count(said) == 20


@pytest.mark.slow
@pytest.mark.skipif(
    not any(map(shutil.which, _print.BROWSERS)), reason="Chromium or Chrome is not installed"
)
def test_pdf_is_printed(tmp_path):
    page, key = exercises.sheet(count=2).save(tmp_path / "sheet.pdf")
    assert page.read_bytes().startswith(b"%PDF-")
    assert key.read_bytes().startswith(b"%PDF-")


def test_pdf_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match=r"requires Chromium or Chrome.*save as 'html'"):
        exercises.sheet(count=1).save(tmp_path / "sheet.pdf")
    result = CliRunner().invoke(main, ["exercises", "-o", str(tmp_path / "sheet.pdf")])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


# Checking answers


@pytest.mark.parametrize(
    ("kind", "number", "answer", "said"),
    [
        ("lectures", 0, "32x32x10", "Right."),
        ("lectures", 0, [32, 32, 10], "Right."),
        ("lectures", 0, np.array([32, 32, 10]), "Right."),
        ("lectures", 0, (28, 28, 10), "Wrong. The padding was forgotten."),
        ("lectures", 0, (1, 2, 3), "Wrong. Height and width: (32 + 2 · 2 − 5) / 1 + 1 = 32"),
        ("lectures", 1, "760", "Right."),
        ("lectures", 1, np.float32(760), "Right."),
        ("lectures", 1, 750, "Wrong. The biases were forgotten."),
        ("lectures", 8, "34,944", "Right."),
        ("lectures", 8, "34.944", "Right."),  # as in Spanish
        ("lectures", 8, 34.944, "Wrong."),
        ("lectures", 0, (32.7, 32, 10), "Wrong."),
        ("lectures", 14, [[4, 3, 4], [2, 4, 3], [2, 3, 4]], "Right."),
        ("lectures", 14, np.array([[4.0, 3, 4], [2, 4, 3], [2, 3, 4]]), "Right."),
        ("lectures", 1, ..., "No answer yet."),
    ],
)
def test_check(kind, number, answer, said):
    verdict = exercises.check(exercises.sheet(kind).questions[number], answer)
    assert str(verdict).startswith(said)
    assert bool(verdict) == said.startswith("Right")


def test_check_takes_letters(sheets):
    for one in sheets["en"].questions:
        for choice in one.choices:
            assert bool(exercises.check(one, choice.letter.lower())) == choice.is_right


@pytest.mark.parametrize("answer", ["many", "7,6", None, True, [1, 2], float("nan"), object()])
def test_check_says_what_an_answer_is(answer):
    with pytest.raises(
        ValueError, match="answer must be a number, or one of 'A', 'B', 'C', 'D'; r"
    ):
        exercises.check(exercises.sheet("lectures").questions[1], answer)


# Bad input


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["shaeps"], "exercise must be one of .* received 'shaeps'. Did you mean 'shapes'?"),
        (["--count", "0"], "count must be a whole number of at least 1; received 0."),
        (["--count", "1000000"], "count must be at most 1000; received 1000000."),
        (
            ["lectures", "--count", "19"],
            "count must be at most 18, the number of questions in 'lectures'",
        ),
        (
            ["lectures", "lectures", "--count", "19"],
            "count must be at most 18, the number of questions",
        ),
        (["--seed", "one"], "'one' is not a valid integer."),
        (["--seed", "-1"], "seed must be a whole number of at least 0; received -1."),
        (["--level", "4"], "level must be 1, 2 or 3; received 4."),
        (["--lang", "fr"], "--lang must be one of 'en', 'ko', 'es'; received 'fr'."),
        (["--format", "docx"], "format must be one of .* received 'docx'."),
        (["-o", "sheet"], "format must be one of .* received ''."),
        (["-o", "no/\0.html"], "path must be a file that can be written"),
        (["-o", "."], "format must be one of|path must be a file to write"),
    ],
)
def test_bad_input_is_one_line(arguments, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["exercises", *arguments])
    assert result.exit_code == 2
    assert re.search(line, result.output)
    assert result.output.count("\n") == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_command_writes_both_files(tmp_path):
    out = tmp_path / "new" / "sheet.md"
    arguments = ["exercises", "shapes", "--count", "3", "--lang", "ko", "-o", str(out)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert result.output.split() == [str(out), str(out.with_name("sheet-answers.md"))]
    assert out.read_text("utf-8").count("입력 볼륨") == 3
    listed = CliRunner().invoke(main, ["exercises", "--list", "--lang", "es"])
    assert "Tamaños de salida" in listed.output
    assert len(listed.output.splitlines()) == len(exercises.names())


def test_the_page_of_the_docs_is_true():
    """docs/exercises.md: its examples run, and its table has every kind."""
    path = Path(__file__).parents[2] / "docs" / "exercises.md"
    assert doctest.testfile(str(path), module_relative=False).failed == 0
    rows = "".join(
        line.split("|")[1] for line in path.read_text("utf-8").splitlines() if "| `" in line
    )
    assert set(re.findall("`(.+?)`", rows)) == set(exercises.names())
