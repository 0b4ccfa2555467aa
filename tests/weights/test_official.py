"""Official sets: the table, and real downloads from a server on this machine."""

import hashlib
import http.server
import inspect
import re
import socket
import struct
import threading
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn.weights import _available, _official, _torch
from kerascnn.weights._download import RemoteFile, without_downloads

KERAS_TOTALS = {  # of keras.io/api/applications
    "resnet50": 25_636_712, "resnet101": 44_707_176, "resnet152": 60_419_944,
}  # fmt: skip
OFFICIAL = [s for s in kc.weights.available() if s.source != "kerascnn"]


def tiny():
    return keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(3, name="predictions")], name="tiny"
    )


# The table


def test_the_hashes_are_those_of_keras_applications():
    from keras.src.applications import imagenet_utils, resnet, vgg16, vgg19

    for s in OFFICIAL:
        if s.source != "Keras":
            continue
        whole, no_top = s.files.values()
        if s.architecture.startswith("resnet"):
            assert (whole[1], no_top[1]) == resnet.WEIGHTS_HASHES[s.architecture]
            base = resnet.BASE_WEIGHTS_PATH
            assert _official.URLS["Keras"] + "resnet/" == base
        else:
            module = {"vgg16": vgg16, "vgg19": vgg19}[s.architecture]
            assert _official.URLS["Keras"] + whole[0] == module.WEIGHTS_PATH
            assert _official.URLS["Keras"] + no_top[0] == module.WEIGHTS_PATH_NO_TOP
    assert _official.CLASS_INDEX.url == imagenet_utils.CLASS_INDEX_PATH
    assert f'"{_official.CLASS_INDEX.digest}"' in inspect.getsource(imagenet_utils)


def test_every_architecture_has_its_official_set():
    ours = {(s.architecture, s.variant, s.source) for s in OFFICIAL}
    depths = (50, 101, 152)
    assert ours == {
        ("alexnet", "torchvision", "torchvision"),
        ("googlenet", "torchvision", "torchvision"),
        *((f"vgg{n}", None, "torchvision") for n in (11, 13)),
        *((f"vgg{n}", None, "Keras") for n in (16, 19)),
        *((f"resnet{n}", "v1", "Keras") for n in depths),
        *((f"resnet{n}", "v1.5", "torchvision") for n in (18, 34, *depths)),
    }


@pytest.mark.parametrize("s", OFFICIAL, ids=lambda s: f"{s.architecture}-{s.variant}")
def test_the_rows_are_plausible(s):
    for path, digest in s.files.values():
        assert re.fullmatch(r"[0-9a-f]{32}" if s.source == "Keras" else r"[0-9a-f]{8}", digest)
        assert path.endswith(".h5" if s.source == "Keras" else f"-{digest}.pth")
    assert 0.5 < s.score < 0.9
    # Four bytes a weight; GoogLeNet's file has the auxiliary heads too.
    assert s.size * 2**20 == pytest.approx(4 * max(s.parameters), rel=0.06)
    assert s.classes == 1000
    assert s.licence in ("MIT", "CC BY 4.0", "BSD 3-Clause")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("alexnet", {"variant": "torchvision", "include_top": False}),
        ("vgg11", {"include_top": False}),
        ("vgg13", {"include_top": False}),
        ("vgg16", {"include_top": False}),
        ("vgg19", {"include_top": False}),
        ("googlenet", {"variant": "torchvision"}),
        ("googlenet", {"variant": "torchvision", "include_top": False}),
        ("googlenet", {"variant": "torchvision", "auxiliary": True}),
        ("resnet18", {"variant": "v1.5"}),
        ("resnet18", {"variant": "v1.5", "include_top": False}),
        ("resnet34", {"variant": "v1.5"}),
        ("resnet50", {"variant": "v1"}),
        ("resnet50", {"variant": "v1", "include_top": False}),
        ("resnet50", {"variant": "v1.5"}),
        ("resnet101", {"variant": "v1"}),
        ("resnet101", {"variant": "v1.5"}),
        ("resnet152", {"variant": "v1"}),
        ("resnet152", {"variant": "v1.5"}),
    ],
)
def test_the_numbers_of_parameters_are_those_of_the_models(name, options, no_values):
    sets = [s for s in OFFICIAL if s.architecture == name and s.of_variant(options.get("variant"))]
    (found,) = sets
    what = "the whole model"
    if options.get("include_top") is False:
        what = "include_top=False"
    elif options.get("auxiliary"):
        what = "auxiliary=True, whose heads were not trained"
    with no_values():
        count = kc.models.build(name, **options).count_params()
    assert found.parameters[count] == what
    if found.source == "Keras" and what == "the whole model":
        assert count == KERAS_TOTALS[name]


def test_available_prints_a_table():
    text = str(kc.weights.available())
    assert repr(kc.weights.available()) == text
    lines = text.splitlines()
    shipped, official = [line for line in lines if " vgg16 " in line]
    for cell in ("cifar10", "kerascnn", "88.2% cifar10 test", "MIT"):
        assert cell in shipped
    for cell in ("imagenet", "Keras", "528.0", "71.3% ImageNet", "CC BY 4.0"):
        assert cell in official
    (resnet20,) = [line for line in lines if " resnet20 " in line]
    for cell in ("cifar10", "kerascnn", "88.5% cifar10 test", "MIT"):
        assert cell in resnet20
    modern, of_1998 = [line for line in lines if " lenet5 " in line]
    for cell in ("modern", "mnist", "kerascnn", "99.4%", "MIT"):
        assert cell in modern
    for cell in ("1998", "mnist", "kerascnn", "98.9%", "MIT"):
        assert cell in of_1998
    assert kc.weights.available("no_such_net") == []


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("alexnet", {}, "variant must be 'torchvision' .* received 'single_tower'"),
        ("resnet18", {"variant": "v1"}, "variant must be 'v1.5' .* received 'v1'"),
        ("googlenet", {"variant": "paper"}, "variant must be 'torchvision'"),
        ("vgg16", {"classes": 10}, "classes must be 1000 .* received 10"),
        (
            "resnet50",
            {"input_shape": (64, 64, 1), "include_top": False},
            r"23,587,712 \(include_top=False\); this model has 23,581,440",
        ),
        ("resnet18", {"variant": "v1.5", "width": 0.25}, "this model has .* Check its variant"),
    ],
)
def test_what_cannot_fit_is_refused_before_the_download(
    monkeypatch, no_values, name, options, match
):
    monkeypatch.setattr(_official, "fetch", lambda *_: pytest.fail("downloaded"))
    with no_values(), pytest.raises(ValueError, match=match):
        kc.models.build(name, weights="imagenet", **options)


def test_the_set_is_the_one_that_fits_the_model(monkeypatch, no_values):
    asked = []
    monkeypatch.setattr(_official, "fetch", lambda file, _: asked.append(file.name) or file)
    for variant in ("v1", "v1.5"):
        with no_values():
            model = kc.build_resnet50(variant=variant, include_top=False)
        with pytest.raises(AttributeError):  # where the file's path would be
            kc.weights.load(model, "imagenet", architecture="resnet50")
    notop = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert asked == [notop, "resnet50-0676ba61.pth"]


# Downloads


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve one file, whole or broken off."""

    def do_GET(self):
        state = self.server.state
        state.requests.append(self.path)
        if state.mode == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(state.content)))
        self.end_headers()
        broken_off = state.mode != "whole"
        self.wfile.write(state.content[: len(state.content) // 2 if broken_off else None])
        self.wfile.flush()
        if state.mode == "killed":  # a reset, as when the server dies
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    """A server on this machine: `.content`, `.mode`, `.requests`, `.url`, `.stop()`."""
    http_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = SimpleNamespace(content=b"", mode="whole", requests=[])
    state.url = f"http://127.0.0.1:{http_server.server_port}/"
    http_server.state = state
    http_server.handle_error = lambda *_: None
    thread = threading.Thread(target=http_server.serve_forever)
    thread.start()

    def stop():
        if thread.is_alive():
            http_server.shutdown()
            thread.join()
            http_server.server_close()

    state.stop = stop
    yield state
    stop()


@pytest.fixture(params=["Keras", pytest.param("torchvision", marks=pytest.mark.frameworks)])
def tiny_set(request, server, tmp_path, monkeypatch, randomize):
    """An official set for a tiny net: the net and its file's name, on the server."""
    model = randomize(tiny())
    if request.param == "Keras":
        path = tmp_path / "made.weights.h5"
        model.save_weights(path)
        server.content = path.read_bytes()
        name, digest = "tiny.weights.h5", hashlib.md5(server.content).hexdigest()
    else:
        torch = pytest.importorskip("torch", reason="the torch extra is not installed")
        monkeypatch.setitem(_torch.MODULES, "tiny", lambda _: {"predictions": "fc"})
        kernel, bias = map(torch.tensor, model.get_weights())
        torch.save({"fc.weight": kernel.T, "fc.bias": bias}, tmp_path / "made.pth")
        server.content = (tmp_path / "made.pth").read_bytes()
        digest = hashlib.sha256(server.content).hexdigest()[:8]
        name = f"tiny-{digest}.pth"
    row = _official.imagenet(
        architecture="tiny",
        source=request.param,
        size=0.1,
        score=0.5,
        licence="MIT",
        preprocessing="unit",
        parameters={9: "the whole model"},
        files={9: (f"folder/{name}", digest)},
    )
    monkeypatch.setattr(_available, "OFFICIAL", (row,))
    monkeypatch.setitem(_official.URLS, request.param, server.url)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    return SimpleNamespace(model=model, name=name, cache=tmp_path / "home" / "models")


def same_weights(model, other):
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_a_download_is_loaded_and_kept(server, tiny_set, capfd):
    assert same_weights(kc.weights.load(tiny(), "imagenet"), tiny_set.model)
    assert server.requests == [f"/folder/{tiny_set.name}"]
    assert [p.name for p in tiny_set.cache.iterdir()] == [tiny_set.name]
    assert server.url in capfd.readouterr().out  # and a progress bar behind it
    server.stop()
    assert same_weights(kc.weights.load(tiny(), "imagenet"), tiny_set.model)


@pytest.mark.parametrize("mode", ["truncated", "killed", "missing", "wrong hash", "no network"])
def test_a_broken_download_leaves_nothing_behind(server, tiny_set, mode):
    content = server.content
    server.mode = mode if mode in ("truncated", "killed", "missing") else "whole"
    if mode == "wrong hash":
        server.content = content[:-1] + bytes([content[-1] ^ 1])
    if mode == "no network":
        server.stop()
    model = tiny()
    before = model.get_weights()
    with pytest.raises(OSError, match="weights='imagenet' for tiny must") as caught:
        kc.weights.load(model, "imagenet")
    line = str(caught.value)
    assert "\n" not in line
    assert f"{server.url}folder/{tiny_set.name}" in line
    assert "KERASCNN_DATA" in line
    assert list(tiny_set.cache.iterdir()) == []
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    if mode != "no network":
        server.mode, server.content = "whole", content
        assert same_weights(kc.weights.load(model, "imagenet"), tiny_set.model)


def test_a_download_that_is_interrupted_leaves_nothing_behind(tiny_set, monkeypatch):
    def interrupted(name, url, *, cache_subdir, **_):
        with open(f"{cache_subdir}/{name}", "wb") as file:
            file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.utils, "get_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        kc.weights.load(tiny(), "imagenet")
    assert list(tiny_set.cache.iterdir()) == []


def test_a_damaged_file_in_the_cache_is_downloaded_again(server, tiny_set):
    tiny_set.cache.mkdir(parents=True)
    path = tiny_set.cache / tiny_set.name
    path.write_bytes(server.content[:-1])
    assert same_weights(kc.weights.load(tiny(), "imagenet"), tiny_set.model)
    assert path.read_bytes() == server.content
    assert len(server.requests) == 1


def test_a_folder_of_files_needs_no_network(server, tiny_set, tmp_path, monkeypatch):
    server.stop()
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("KERASCNN_DATA", str(folder))
    (folder / tiny_set.name).write_bytes(server.content)
    assert same_weights(kc.weights.load(tiny(), "imagenet"), tiny_set.model)
    (folder / tiny_set.name).write_bytes(server.content[:-1])
    with pytest.raises(OSError, match=r"must be the file with the hash .* damaged"):
        kc.weights.load(tiny(), "imagenet")


def test_nothing_is_downloaded_where_that_is_not_asked_for(server, tiny_set):
    with without_downloads(), pytest.raises(OSError, match=r"must be on disk; tiny.* nothing is"):
        kc.weights.load(tiny(), "imagenet")
    assert server.requests == []


def test_the_names_of_the_classes_are_downloaded_once(server, tmp_path, monkeypatch):
    server.content = b'{"0": ["n01440764", "tench"], "1": ["n01443537", "great_white_shark"]}'
    file = RemoteFile("names.json", server.url, hashlib.md5(server.content).hexdigest())
    monkeypatch.setattr(_official, "CLASS_INDEX", file)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")
    _official.imagenet_classes.cache_clear()
    with without_downloads(), pytest.raises(OSError, match="names of ImageNet's classes must be"):
        _official.imagenet_classes()
    assert _official.imagenet_classes() == ("tench", "great white shark")
    server.stop()
    _official.imagenet_classes.cache_clear()
    assert _official.imagenet_classes() == ("tench", "great white shark")
    _official.imagenet_classes.cache_clear()


def test_a_cache_that_cannot_be_made_is_named(tiny_set, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"a writable directory; .* KERAS_HOME"):
        kc.weights.load(tiny(), "imagenet")


def test_keras_is_asked_for_the_file_with_its_hash(no_values, monkeypatch, tmp_path):
    asked = {}

    def get_file(name, origin, *, file_hash, cache_subdir):
        asked.update(name=name, origin=origin, file_hash=file_hash)
        raise OSError("no network")

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    with no_values(), pytest.raises(OSError, match="no network"):
        kc.build_vgg16(weights="imagenet", include_top=False)
    name = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert asked == {
        "name": name,
        "origin": "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/" + name,
        "file_hash": "6d6bbae143d832006294945121d1f1fc",
    }
