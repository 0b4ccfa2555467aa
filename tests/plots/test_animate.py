import json
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image, ImageSequence

import kerascnn as kc
from kerascnn import plots
from kerascnn.plots import animate

needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="ffmpeg is not installed"
)


def decoded(path):
    """Frames as (S, H, W, 3) and their milliseconds."""
    with Image.open(path) as film:
        frames = [
            (np.asarray(frame.convert("RGB")), frame.info["duration"])
            for frame in ImageSequence.Iterator(film)
        ]
    pixels, times = zip(*frames, strict=True)
    return np.stack(pixels), list(times)


@pytest.fixture
def smooth():
    """Four frames with many colours that change slowly over the picture."""
    x, y = np.meshgrid(np.linspace(0, 1, 60), np.linspace(0, 1, 40))
    return np.stack([np.stack([x, y, np.full_like(x, t)], axis=-1) for t in (0, 0.3, 0.6, 1)])


def test_grey_frames_are_kept_exactly(rng, tmp_path):
    frames = rng.integers(0, 256, (5, 7, 9), np.uint8)
    assert animate(frames, tmp_path / "a.gif", scale=1, fps=20, hold=0.5) == tmp_path / "a.gif"
    pixels, times = decoded(tmp_path / "a.gif")
    np.testing.assert_array_equal(pixels, frames[..., None].repeat(3, axis=-1))
    assert times == [50, 50, 50, 50, 550]


def test_few_colours_are_kept_exactly(tmp_path):
    colors = np.array([[255, 0, 0], [1, 2, 3], [250, 255, 255]], np.uint8)
    frames = colors[np.arange(4 * 6 * 8).reshape(4, 6, 8) // 7 % 3]
    animate(frames, tmp_path / "a.gif", scale=1)
    np.testing.assert_array_equal(decoded(tmp_path / "a.gif")[0], frames)


def test_many_colours_are_close_on_average(smooth, tmp_path):
    animate(smooth, tmp_path / "a.gif", scale=1)
    pixels, _times = decoded(tmp_path / "a.gif")
    assert pixels.shape == (4, 40, 60, 3)

    def blocks(values):  # dithering is right over a neighbourhood, not in each pixel
        return values.reshape(4, 5, 8, 6, 10, 3).mean(axis=(2, 4))

    np.testing.assert_allclose(blocks(pixels / 255), blocks(smooth), atol=0.05)


def test_all_frames_share_one_palette(smooth, tmp_path):
    animate(smooth, tmp_path / "a.gif", scale=1)
    colors = np.unique(decoded(tmp_path / "a.gif")[0].reshape(-1, 3), axis=0)
    assert len(colors) <= 256


def test_runs_forever_there_and_back(rng, tmp_path):
    frames = rng.integers(0, 256, (4, 5, 5), np.uint8)
    animate(frames, tmp_path / "a.gif", scale=1, ping_pong=True, hold=1)
    pixels, times = decoded(tmp_path / "a.gif")
    np.testing.assert_array_equal(pixels[..., 0], frames[[0, 1, 2, 3, 2, 1]])
    assert times == [100, 100, 100, 1100, 100, 100]
    with Image.open(tmp_path / "a.gif") as film:
        assert film.info["loop"] == 0


def test_the_clock_does_not_run_away(rng, tmp_path):
    animate(rng.random((30, 4, 4)), tmp_path / "a.gif", fps=30, hold=0)
    assert sum(decoded(tmp_path / "a.gif")[1]) == 1000  # 1/30 s is no whole number of 1/100 s


def test_equal_frames_keep_their_time(tmp_path):
    animate(np.zeros((10, 4, 4)), tmp_path / "a.gif", hold=0)
    assert sum(decoded(tmp_path / "a.gif")[1]) == 1000


def test_small_frames_are_enlarged_in_squares(rng, tmp_path):
    frames = rng.integers(0, 256, (2, 28, 28), np.uint8)
    animate(frames, tmp_path / "a.gif")
    pixels, _times = decoded(tmp_path / "a.gif")
    assert pixels.shape == (2, 308, 308, 3)
    np.testing.assert_array_equal(pixels[:, 5::11, 5::11, 0], frames)
    np.testing.assert_array_equal(pixels[:, ::11], pixels[:, 10::11])
    animate(rng.random((2, 224, 100)), tmp_path / "a.gif")
    assert decoded(tmp_path / "a.gif")[0].shape[1:3] == (224, 100)


def test_smaller_frames_are_enlarged_to_the_largest(tmp_path):
    """Of an octave of 29x43 the sides were rounded: 40x60 / 1.4."""
    frames = [np.full((29, 43, 3), 51, np.uint8), np.full((1, 40, 60, 3), 0.4)]
    animate(frames, tmp_path / "a.gif", scale=1)
    pixels, _times = decoded(tmp_path / "a.gif")
    np.testing.assert_array_equal(pixels, np.full((2, 40, 60, 3), [[[[51]]], [[[102]]]]))
    halves = np.zeros((4, 8))
    halves[:, 4:] = 1
    animate([halves, halves.repeat(3, 0).repeat(3, 1)], tmp_path / "b.gif", scale=1)
    pixels, _times = decoded(tmp_path / "b.gif")
    np.testing.assert_allclose(pixels[0, :, [0, 23]].mean((1, 2)), [0, 255], atol=3)


def dream(model, image, keep):
    kc.visualize.deep_dream(model, image, "c1", octaves=2, steps=3, callback=keep)


def style(model, image, keep):
    layers = {"content_layers": "c3", "style_layers": "c1"}
    kc.visualize.style_transfer(
        model, image, image[:, ::-1], steps=5, style_weight=10.0, callback=keep, **layers
    )


def maximization(model, image, keep):
    kc.visualize.maximize_activation(
        model, layer="c3", units=2, size=(40, 32), steps=4, callback=keep
    )


@pytest.fixture(scope="module")
def lenet5():
    return kc.build_lenet5(weights="mnist")


@pytest.mark.parametrize(("make", "count"), [(dream, 6), (style, 5), (maximization, 4)])
def test_what_callbacks_give_becomes_a_film(make, count, lenet5, rng, tmp_path):
    frames = []
    make(lenet5, rng.random((1, 40, 32, 1)), lambda step, pictures, _: frames.append(pictures))
    one_size = len({frame.shape for frame in frames}) == 1
    assert one_size == (make is not dream)
    for given in (frames, np.stack(frames)) if one_size else (frames,):
        animate(given, tmp_path / "a.gif", scale=1)
        pixels, _times = decoded(tmp_path / "a.gif")
        assert pixels.shape == (count, 40, 32, 3)
        np.testing.assert_array_equal(pixels[-1, ..., :1], np.round(255 * frames[-1][0]))


def test_labels_stand_below_in_the_colours_of_the_style(smooth, tmp_path):
    with plots.style("dark", lang="es"):
        animate(smooth, tmp_path / "a.gif", labels=[0, 10, 20, "fin"], scale=3)
    pixels, _times = decoded(tmp_path / "a.gif")
    height = pixels.shape[1]
    band = pixels[:, 120:]
    assert 120 < height <= 150
    np.testing.assert_allclose(band[:, 1, 1], [[0x14, 0x17, 0x1C]] * 4, atol=12)
    assert np.all(band.max(axis=(1, 2, 3)) > 200)  # light letters
    for one in band:
        columns = np.flatnonzero(one.max(axis=(0, 2)) > 100)
        assert (columns.min() + columns.max()) / 2 == pytest.approx(90, abs=6)


def test_a_film_replaces_an_old_one_whole_or_not_at_all(rng, tmp_path, monkeypatch):
    path = tmp_path / "a.gif"
    animate(rng.random((2, 4, 4)), path)
    before = path.read_bytes()

    def stop(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            animate(rng.random((3, 4, 4)), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_frames_give_the_same_bytes(smooth, tmp_path):
    files = [animate(smooth, tmp_path / f"{i}.gif", labels=range(4)) for i in range(2)]
    assert files[0].read_bytes() == files[1].read_bytes()


def probe(path):
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", path]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"][0]


@needs_ffmpeg
def test_mp4(smooth, tmp_path):
    path = animate(smooth[:, :39, :59], tmp_path / "a.mp4", fps=5, hold=1, ping_pong=True, scale=1)
    stream = probe(path)
    assert (stream["width"], stream["height"]) == (60, 40)  # even sides
    assert stream["r_frame_rate"] == "5/1"
    assert int(stream["nb_read_frames"]) == 6 + 5  # the last frame stays a second longer
    assert stream["pix_fmt"] == "yuv420p"
    assert stream["color_space"] == "bt709"
    command = ["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    pixels = np.frombuffer(data, np.uint8).reshape(-1, 40, 60, 3)
    order = [0, 1, 2, *[3] * 6, 2, 1]
    np.testing.assert_allclose(pixels[:, :39, :59] / 255, smooth[order, :39, :59], atol=0.06)
    np.testing.assert_allclose(pixels[:, 39] / 255, pixels[:, 38] / 255, atol=0.06)


@needs_ffmpeg
def test_an_error_of_ffmpeg_is_told(rng, tmp_path, monkeypatch):
    monkeypatch.setattr(plots._animate, "QUALITY", "nonsense")
    with pytest.raises(OSError, match=r"ffmpeg could not write .*a\.mp4"):
        animate(rng.random((2, 8, 8)), tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


def test_without_ffmpeg_it_says_what_to_install(rng, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(OSError, match=r"apt-get install ffmpeg.*or write a \.gif"):
        animate(rng.random((2, 8, 8)), tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("frames", "name", "options", "error", "message"),
    [
        (np.zeros((2, 4, 4)), "a.png", {}, ValueError, "'.gif', '.mp4'; received '.png'"),
        (np.zeros((2, 4, 4)), "no/a.gif", {}, FileNotFoundError, "must be in an existing folder"),
        (np.zeros((2, 4, 4)), "a.gif", {"fps": 60}, ValueError, "up to 50 in a GIF"),
        (np.zeros((2, 4, 4)), "a.gif", {"fps": 0}, ValueError, "above 0"),
        (np.zeros((2, 4, 4)), "a.gif", {"hold": -1}, ValueError, "hold"),
        (np.zeros((2, 4, 4)), "a.gif", {"scale": 1.5}, ValueError, "whole number"),
        (np.zeros((2, 4, 4)), "a.gif", {"labels": ["a"]}, ValueError, "labels"),
        (np.zeros((4, 4)), "a.gif", {}, ValueError, r"pass frames\[None\]"),
        (np.full((2, 4, 4), 9.0), "a.gif", {}, ValueError, "divide by 255"),
        ([np.zeros((4, 4)), np.zeros((4, 8))], "a.gif", {}, ValueError, r"\(4, 4\), \(4, 8\)"),
        ([np.zeros((4, 4)), np.zeros((4, 4, 3))], "a.gif", {}, ValueError, "the same size"),
        ([np.zeros(4), np.zeros((4, 4))], "a.gif", {}, ValueError, r"frames\[0\] must be \(H, W\)"),
        ([np.zeros((3, 4, 4, 3))] * 2, "a.gif", {}, ValueError, r"batch of 3.*frame\[0\]"),
        ([], "a.gif", {}, ValueError, r"\(S, H, W\).*received shape \(0,\)"),
    ],
)
def test_bad_input(frames, name, options, error, message, tmp_path):
    with pytest.raises(error, match=message):
        animate(frames, tmp_path / name, **options)
    assert not list(tmp_path.iterdir())
