"""The command line as a user calls it: exit status, one line on bad input, files on disk."""

import inspect
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import kerascnn as kc
from kerascnn import cli, figures
from kerascnn.cli import _checks, _main, _options
from kerascnn.cli._drawing import end
from kerascnn.cli._main import Warnings
from kerascnn.cli.describe import title_of
from kerascnn.datasets._image_files import DoubtfulImage
from kerascnn.models._signatures import signatures


@pytest.fixture
def kerascnn(tmp_path, monkeypatch):
    """Call the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli.main, arguments)


def test_the_console_script_is_installed(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "kerascnn", "--version"],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert result.stdout.startswith("kerascnn, version ")


def test_figures_are_drawn(kerascnn, tmp_path):
    result = kerascnn("figures", "volume-quiz", "--format", "svg")
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == [
        "index.html", "volume-quiz.svg",
    ]  # fmt: skip
    assert result.stdout.startswith("1 figure: ")


def test_figures_of_several_languages_go_into_folders(kerascnn, tmp_path):
    result = kerascnn("figures", "volume-quiz", "--format", "svg", "--lang", "ko, es")
    assert result.exit_code == 0, result.output
    files = (path for path in (tmp_path / "figures").rglob("*") if path.is_file())
    assert sorted(path.relative_to(tmp_path / "figures").as_posix() for path in files) == [
        "es/volume-quiz.svg", "index.html", "ko/volume-quiz.svg",
    ]  # fmt: skip
    assert '<html lang="ko">' in (tmp_path / "figures" / "index.html").read_text("utf-8")
    assert result.stdout.startswith("1 figure: ")


def test_figures_are_listed_one_per_line(kerascnn, tmp_path):
    result = kerascnn("figures", "--list", "--lang", "es")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == figures.names()
    assert not list(tmp_path.iterdir())


def test_a_closed_pipe_is_no_error():
    """As in `kerascnn figures --list | head -n 1`."""
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as closed:
        result = subprocess.run(
            [sys.executable, "-m", "kerascnn", "figures", "--list"],
            stdout=closed, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert (result.returncode, result.stderr) == (1, "")


@pytest.mark.parametrize(
    "arguments",
    [["describe", "lenet5"], ["diagram", "lenet5"], ["explore", "lenet5"], ["segment", "a.png"]],
)
def test_a_folder_that_is_not_writable_is_refused_before_the_work(
    arguments, kerascnn, tmp_path, monkeypatch
):
    def denied(**_where):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_checks.tempfile, "TemporaryFile", denied)
    monkeypatch.setattr(_main, "quiet", None)  # TensorFlow must not start
    result = kerascnn(*arguments, "-o", f"x.{'html' if arguments[0] == 'explore' else 'svg'}")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: the output's folder must exist and be writable; received '.': Permission denied.\n"
    )
    assert not list(tmp_path.iterdir())


def test_a_terminal_lists_figures_by_section(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    cli.main(["figures", "--list", "--lang", "es"], standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(" ")] == figures.names()
    sections = [line for line in lines if not line.startswith(" ")]
    assert [line[:2] for line in sections] == ["A.", "B.", "C.", "D.", "E.", "F."]
    assert sections[2] == "C. Submuestreo"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["figures", "max-polling"], "Did you mean 'max-pooling'"),
        (["figures", "--section", "Convolutions"], "Did you mean 'B (Convolution)'"),
        (["figures", "--format", "jpg"], "format must be one of"),
        (["figures", "--lang", "fr"], "lang must be one of 'en', 'ko', 'es'; received 'fr'"),
        (["figures", "--lang", "ko,fr"], "lang must be one of 'en', 'ko', 'es'; received 'fr'"),
        (["figures", "--lang", ","], "lang must name at least one of en, ko, es; received none"),
        (["figures", "max-pooling", "--out", "file/x"], "out must be a writable folder"),
        (["describe", "vgg61"], "or 'vgg16'"),
        (["describe", "vgg16", "--input-shape", "big"], "three whole numbers"),
        (["describe", "vgg16", "--input-shape", "8,8,3"], "at least 32x32"),
        (["describe", "alexnet", "--variant", "twin"], "variant must be one of"),
        (["describe", "vgg16", "--option", "classes=two"], "classes must be a whole number"),
        (["diagram", "alexnet", "--variant", "cifr"], "Did you mean 'cifar'"),
        (["train", "lenet5", "--data", "digits", "--width", "2"], "received 'width'"),
        (["evaluate", "lenet5", "--data", "digits", "--option", "clases=2"], "'classes'?"),
        (["describe", "vgg16", "--variant", "D"], "omitted: vgg16 has only one variant"),
        (["figures", "--format", ","], "formats must name at least one"),
        (["describe"], "Missing argument 'NAME'"),
        (["paint"], "No such command 'paint'"),
        (["train", "lenet6", "--data", "digits"], "Did you mean 'lenet5'"),
        (["train", "lenet5", "--data", "digit"], "Did you mean 'digits'"),
        (["train", "lenet5", "--data", "digits", "--recipe", "lent"], "recipe must be one of"),
        (["train", "lenet5", "--data", "digits", "--batch-size", "0"], "x>=1"),
        (["train", "lenet5", "--data", "digits", "--option", "same"], "--option must be KEY=VALUE"),
        (
            ["train", "lenet5", "--data", "digits", "--option", "same=1"],
            "must be one of 'variant', 'include_top', ",
        ),
        (["train", "lenet5", "--data", "digits", "--option", "classes=3"], "is set by the data"),
        (["train", "lenet5", "--data", "digits", "--option", "include_top=0"], "requires the top"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments, line, kerascnn, tmp_path):
    (tmp_path / "file").write_text("")
    result = kerascnn(*arguments)
    assert result.exit_code == 2
    assert line in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: ")
    assert result.stdout == ""


@pytest.mark.slow
def test_start_up_is_quiet(tmp_path):
    """TensorFlow's libraries write of their own accord; none of it reaches the terminal."""
    result = subprocess.run(
        [sys.executable, "-m", "kerascnn", "describe", "lenet5", "--format", "markdown"],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert result.stderr == ""
    assert result.stdout.startswith("| Layer |")


def test_the_list_needs_no_tensorflow(run_python):
    code = "import sys, kerascnn as kc; kc.figures.names(); print(*sys.modules)"
    assert "tensorflow" not in {name.split(".")[0] for name in run_python(code).split()}


def test_a_figure_that_fails_is_exit_1(kerascnn, monkeypatch, tmp_path):
    from kerascnn.figures import _registry

    def broken():
        """Fail."""
        raise RuntimeError("no data")

    figures.lecture_figures()
    monkeypatch.setattr(_registry, "_figures", dict(_registry._figures))
    figures.figure(title="Broken", alt="Nothing.", rows=("A1",))(broken)
    result = kerascnn("figures", "broken", "max-pooling", "--format", "svg")
    assert result.exit_code == 1
    assert "Error: figure 'broken' was not drawn: no data" in result.stderr
    assert (tmp_path / "figures" / "max-pooling.svg").is_file()
    assert not (tmp_path / "figures" / "broken.svg").exists()


@pytest.mark.parametrize(
    ("table", "mark"),
    [
        ("text", "┃"),
        ("markdown", "| c3 |"),
        ("latex", r"\toprule"),
        ("csv", "c3,Conv2D"),
        ("html", "<table>"),
    ],
)
def test_describe(table, mark, kerascnn):
    result = kerascnn("describe", "lenet5", "--format", table)
    assert result.exit_code == 0
    assert mark in result.stdout
    assert "2,416" in result.stdout or "2416" in result.stdout


def test_describe_another_size(kerascnn):
    result = kerascnn(
        "describe", "vgg16", "--no-top", "--input-shape", "64,96,3", "--format", "csv"
    )
    assert "block5_pool,MaxPooling2D,2x3x512" in result.stdout


def test_train_hands_the_seed_on(kerascnn, monkeypatch):
    given = []
    monkeypatch.setattr(kc, "train", lambda model, data, **options: given.append(options))
    result = kerascnn("train", "logistic_regression", "--data", "digits", "--seed", "7")
    assert result.exit_code == 0, result.output
    assert [options["seed"] for options in given] == [7]


def test_train_keeps_epochs_where_they_are_kept(kerascnn, monkeypatch):
    given = []
    monkeypatch.setattr(kc, "train", lambda model, data, **options: given.append(options))
    command = ("train", "logistic_regression", "--data", "digits", "--keep-every", "3")
    result = kerascnn(*command, "--run-dir", "run")
    assert result.exit_code == 0, result.output
    assert [options["keep_every"] for options in given] == [3]
    result = kerascnn(*command)
    assert result.exit_code == 2
    assert "--keep-every needs --run-dir FOLDER, where the weights are kept." in result.stderr


@pytest.mark.slow
def test_train_again_goes_on(kerascnn, tmp_path):
    first = kerascnn("train", "lenet5", "--data", "digits", "--epochs", "1", "--run-dir", "run")
    assert first.exit_code == 0, first.output
    more = kerascnn("train", "lenet5", "--data", "digits", "--epochs", "2", "--run-dir", "run")
    assert "epoch 1/2" not in more.stdout
    assert "epoch 2/2" in more.stdout
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 3
    assert 5 < float(more.stdout.splitlines()[-1].removeprefix("test accuracy ")[:-1]) <= 100


@pytest.mark.slow
def test_a_train_that_is_stopped_says_how_it_goes_on(tmp_path):
    command = [sys.executable, "-m", "kerascnn", "train", "lenet5", "--data", "digits"]
    command += ["--run-dir", "run", "--epochs", "2000"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # A process in the background may be told to ignore Ctrl-C, and hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        while not (tmp_path / "run" / "history.csv").exists():
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        last = process.communicate(timeout=60)[1].splitlines()[-1]
    assert process.returncode == 130
    assert re.fullmatch(r"stopped after epoch \d+(, step \d+)?; to resume, repeat .*", last)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "data", "says_accuracy"),
    [
        (["unet", "--option", "padding=same", "--batch-size", "16"], "cells", True),
        (["yolov1", "--batch-size", "64"], "boxes", False),
    ],
)
def test_train_on_masks_and_on_boxes(kerascnn, net, data, says_accuracy):
    result = kerascnn("train", *net, "--data", data, "--width", "0.0625", "--epochs", "1")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("test accuracy") == says_accuracy
    assert "give --run-dir" in result.stderr


NO_TENSORFLOW = """
import sys
from kerascnn.cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    assert stop.code == 2
assert not {"tensorflow", "keras", "matplotlib"} & set(sys.modules)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["describe", "VGG16"],
        ["diagram", "vgg61"],
        ["train", "lenet6", "--data", "digits"],
        ["train", "lenet5", "--data", "digit"],
        ["train", "lenet5", "--data", "digits", "--recipe", "lent"],
        ["gradcam", "cat.png", "--model", "ResNet-50"],
        ["gradcam", "cat.png", "--weights", "imagnet"],
        ["gradcam", "cat.png", "--method", "gradcam"],
        ["gradcam", "cat.png"],
        ["evaluate", "lenet5", "--weights", "minst", "--data", "digits"],
        ["describe", "vgg16", "--option", "clases=2"],
        ["describe", "vgg16", "--variant", "paper"],
        ["train", "unet", "--data", "cells", "--option", "padding=sme"],
        ["gradcam", "cat.png", "--model", "lenet5", "--option", "varient=1998"],
        ["gradcam", "cat.png", "--model", "lenet5", "--class", "12"],
        ["weights", "list", "vgg61"],
        ["weights", "verify", "vgg16/cifar"],
    ],
)
def test_names_are_checked_before_tensorflow_starts(arguments, tmp_path):
    """Which takes seconds, while a typing error must be answered at once."""
    result = subprocess.run(
        [sys.executable, "-c", NO_TENSORFLOW, *arguments],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert len(result.stderr.splitlines()) == 1


def test_the_names_of_the_stub_are_those_of_the_registry():
    assert sorted(_checks.ARCHITECTURES) == sorted(kc.models.names())


def test_signatures_are_those_of_the_builders():
    """They are read from the sources, so that a wrong option is answered without Keras."""
    known = kc.models.architectures()
    found = signatures()
    assert found.keys() == known.keys()
    for name, architecture in known.items():
        assert found[name].options == tuple(inspect.signature(architecture.builder).parameters)
        variants = () if architecture.variants == (None,) else architecture.variants
        assert found[name].variants == variants
        assert found[name].variant_option == (architecture.variant_option if variants else None)


def test_describe_writes_a_file_in_a_language(kerascnn, tmp_path):
    options = ("--columns", "layer,output,parameters", "--lang", "ko", "-o", "table.md")
    result = kerascnn("describe", "lenet5", *options)
    assert result.exit_code == 0, result.output
    lines = (tmp_path / "table.md").read_text("utf-8").splitlines()
    assert lines[:2] == ["| 층 | 출력 | 매개변수 |", "| :-- | :-- | --: |"]
    assert "| c3 | 10×10×16 | 2,416 |" in lines


def test_a_variant_is_the_argument_of_its_builder(kerascnn):
    small = ("--option", "width=0.0625", "--format", "csv")
    options = [("--variant", "same"), ("--option", "padding=same")]
    tables = [kerascnn("describe", "unet", *one, *small).stdout for one in options]
    assert tables[0] == tables[1]
    assert "512x512" in tables[0]


def test_titles_are_written_as_in_the_papers():
    titles = {name: title_of(name) for name in kc.models.names()}
    assert [titles[n] for n in ("lenet5", "alexnet", "vgg11", "resnet110", "plain20", "unet")] == [
        "LeNet-5", "AlexNet", "VGG11", "ResNet-110", "Plain-20", "U-Net",
    ]  # fmt: skip
    assert titles["linear_regression"] == "Linear regression"
    assert titles["yolov1"] == "YOLOv1"
    assert not [title for title in titles.values() if title[0].islower() or title.endswith("-")]


def test_a_diagram_in_several_formats(kerascnn, tmp_path):
    result = kerascnn("diagram", "lenet5", "--format", "svg,pdf", "--style", "paper")
    assert result.exit_code == 0, result.output
    assert result.stdout.split() == ["lenet5.svg", "lenet5.pdf"]
    assert (tmp_path / "lenet5.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("size", [("--size", "20"), ("--option", "input_shape=20,20,1")])
def test_the_size_of_pictures_is_chosen_and_said(size, kerascnn, tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(3):
            Image.new("L", (50, 40), 9).save(tmp_path / "images" / name / f"{i}.png")
    given = []
    monkeypatch.setattr(kc, "train", lambda model, data, **_options: given.append((model, data)))
    result = kerascnn("train", "mlp", "--data", "images", *size)
    assert result.exit_code == 0, result.output
    ((model, data),) = given
    assert model.input_shape[1:] == data.train[0].shape[1:] == (20, 20, 1)
    assert "images are resized to 20x20x1; " in result.stderr
    assert "has 40x50" in result.stderr
    wrong = kerascnn("train", "lenet5", "--data", "digits", *size)
    assert wrong.exit_code == 2
    assert "must match the data, (28, 28, 1)" in wrong.stderr


def test_options_of_a_builder_are_read():
    options = ["padding=same", "dropout=0.5", "include_top=false", "name=a=b", "variant=1998"]
    options += ["input_shape=64,64,3", "hidden=[300, 100]", "pooling=None", "weights=1,2"]
    expected = {
        "padding": "same", "dropout": 0.5, "include_top": False, "name": "a=b", "variant": "1998",
        "input_shape": (64, 64, 3), "hidden": (300, 100), "pooling": None, "weights": (1, 2),
    }  # fmt: skip
    assert _options.read_options(options) == expected


def test_train_on_folders_of_images(kerascnn, tmp_path):
    for name, value in (("dark", 30), ("light", 220)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(10):
            picture = np.full((28, 28), value + i, np.uint8)
            Image.fromarray(picture).save(tmp_path / "images" / name / f"{i}.png")
    options = ["--data", "images", "--epochs", "3", "--batch-size", "4"]
    result = kerascnn("train", "lenet5", *options)
    assert result.exit_code == 0, result.output
    assert "epoch 3/3" in result.stdout


def test_devices(kerascnn):
    result = kerascnn("devices")
    assert "CPU:0" in result.stdout
    assert "will be used" in result.stdout


def test_figures_of_a_section_are_listed(kerascnn):
    result = kerascnn("figures", "--list", "--section", "pooling")
    assert [line.split()[0] for line in result.stdout.splitlines()] == figures.names("C")


def test_the_map_is_that_of_the_registry(kerascnn):
    assert kerascnn("figures", "--map").stdout == figures.course_map()


def test_figures_take_numbers(kerascnn, tmp_path):
    (tmp_path / "k.csv").write_text("1,2\n3,4\n")
    result = kerascnn(
        "figures", "sliding-window", "--set", "kernel=k.csv", "--set", "stride=3", "--format", "svg"
    )
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {
        "index.html", "sliding-window.svg", "sliding-window.gif", "sliding-window.html",
        *(f"sliding-window-{n}.svg" for n in (1, 2, 3, 4)),
    }  # fmt: skip
    assert "A 2×2 kernel" in (tmp_path / "figures" / "sliding-window.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["sliding-window", "--set", "strid=2"], "Did you mean 'stride'?"),
        (["sliding-window", "--set", "stride"], "--set must be OPTION=VALUE"),
        (["sliding-window", "--set", "stride=two"], "stride must be a whole number; received"),
        (["sliding-window", "--set", "stride=0"], "at least 1; received 0."),
        (["sliding-window", "--set", "kernel=words.csv"], "row 1 in 'words.csv' has 'one'."),
        (["sliding-window", "--set", "kernel=none.csv"], "there is no file 'none.csv'"),
        (["sliding-window", "--set", "kernel=1,1,1,1,1,1"], "kernel must fit into the input"),
        (["--set", "stride=2"], "must be used with the name of its figure"),
        (["kernels-on-a-photo", "--photo", "words.csv"], "must be an image"),
        (["kernels-on-a-photo", "--photo", "none.jpg"], "No such file"),
        (["overfitting", "--photo", "words.csv"], "figure 'overfitting' has no option photo."),
        (["overfitting", "--model", "vgg16", "--weights", "cifar10"], "has no option network."),
        (
            ["--section", "E", "--weights", "cifar10"],
            "section E has no figure that can use a network",
        ),
        (["grad-cam", "--model", "vgg61"], "--model must be one of"),
        (["grad-cam", "--model", "none.keras"], "'none.keras' does not exist"),
        (["--weights", "imagenet"], "--weights imagenet of vgg16 must be on disk"),
        (["kernels-on-a-photo", "--window", "0", "1"], "--window must be used with --photo"),
    ],
)
def test_figures_refuse_in_one_line(arguments, line, kerascnn, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "nothing"))
    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    (tmp_path / "words.csv").write_text("one,two\n")
    result = kerascnn("figures", *arguments)
    assert result.exit_code == 2
    assert line in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "figures").exists()


def test_figures_of_a_network_from_the_command_line(kerascnn, tmp_path):
    result = kerascnn(
        "figures", "first-layer-filters", "--model", "resnet20", "--weights", "cifar10",
        "--format", "svg",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    svg = (tmp_path / "figures" / "first-layer-filters.svg").read_text()
    assert "<title>The first filters that resnet20/cifar10 learns</title>" in svg


@pytest.mark.slow
def test_figures_of_numbers_need_no_tensorflow(run_python):
    names = (
        "sliding-window", "stride", "max-pooling", "average-pooling", "dilation", "volume-quiz",
        "transposed-convolution", "correlation-or-convolution", "curve-detector", "up-sampling",
        "convolution-as-a-matrix", "kernel-size", "overlapping-and-global-pooling", "checkerboard",
    )  # fmt: skip
    code = (
        "import sys, kerascnn as kc\n"
        f"report = kc.figures.draw({names}, out='f', formats='svg', steps=False)\n"
        "print(report.failed, *sys.modules)"
    )
    printed = run_python(code).split()
    assert printed[0] == "{}"
    assert not {"tensorflow", "keras"} & {name.split(".")[0] for name in printed}


@pytest.mark.parametrize(
    "command",
    [
        ["gradcam", "a.jpg"], ["describe", "vgg16"], ["diagram", "vgg16"], ["figures"], ["lecture"],
        ["exercises"], ["evaluate", "--data", "digits"],
    ],
)  # fmt: skip
def test_a_language_that_is_meant(command):
    result = CliRunner().invoke(cli.main, [*command, "--lang", "kr"])
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: --lang must be one of 'en', 'ko', 'es'; received 'kr'. Did you mean 'ko'?\n"
    )


@pytest.mark.parametrize(
    ("count", "failed", "line"),
    [
        (1, 0, "1 figure: figures/index.html"),
        (22, 0, "22 figures: figures/index.html"),
        (22, 2, "20 of 22 figures: figures/index.html"),
        (1, 1, "0 of 1 figure: figures/index.html"),
    ],
)
def test_how_many_figures_were_drawn(capsys, count, failed, line):
    errors = {f"a{i}": RuntimeError("broken") for i in range(failed)}
    with pytest.raises(SystemExit) if failed else nullcontext():
        end(count, errors, "figures/index.html")
    assert capsys.readouterr().out.splitlines() == [line]


def test_a_doubtful_image_is_reported_once_with_the_option_of_the_command_line(capsys):
    """A folder is read in parts, and for some commands several times."""
    show = Warnings().show
    for name in ("a.tif", "b.tif"):
        show(DoubtfulImage(Path(name), "its values have an unknown range", "window"))
    show(UserWarning("of another kind"))
    assert capsys.readouterr().err.splitlines() == [
        "Warning: image 'a.tif': its values have an unknown range. Give --window BLACK WHITE to "
        "scale all images alike; other images like it are not reported.",
        "Warning: of another kind",
    ]


def test_deprecations_in_libraries_are_not_shown(capsys):
    """Such as those of pyparsing, which concern matplotlib, and are also UserWarnings."""

    class Deprecated(UserWarning, DeprecationWarning):
        pass

    Warnings().show(Deprecated("'resetCache' deprecated - use 'reset_cache'"))
    assert capsys.readouterr().err == ""
