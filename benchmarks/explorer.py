"""Compare the explorer's kernels and pages with TensorFlow.js, as Markdown tables.

    python benchmarks/explorer.py

Needs node and npm, with which TensorFlow.js is installed into a temporary folder. Both compute the
same three networks in the same process, in turns, and must give the same answers. The page of a
user of TensorFlow.js is its full script with the weights in base64, of the same type as ours.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from foundation import machine

HERE = Path(__file__).parent
VERSION = "4.22.0"
PACKAGES = ("tfjs-core", "tfjs-backend-cpu", "tfjs")
ROUNDS = 9
LIMITS = {"lenet5": 4, "resnet20": 120, "vgg16": 200}  # milliseconds
PAGES = {"lenet5": 600_000, "resnet20": 2_200_000}  # bytes
TYPES = ("float32", "float16", "int8")
PICTURES = 64  # whose answers are compared


def networks():
    import kerascnn as kc

    digits, shapes = (kc.datasets.load(name).test[0][:PICTURES] for name in ("digits", "shapes"))
    yield "lenet5", kc.build_lenet5(weights="mnist"), digits
    yield "resnet20", kc.build_resnet20(weights="cifar10"), shapes
    yield "vgg16", kc.build_vgg16(weights="cifar10"), shapes  # a quarter of its width


def tables():
    import kerascnn as kc
    from kerascnn.explorer._export import page_data
    from kerascnn.explorer._page import COMPUTING, page

    page_folder = Path(kc.__file__).parent / "explorer" / "page"
    scripts = [page_folder / name for name in COMPUTING]
    with tempfile.TemporaryDirectory() as folder:
        tfjs, models = Path(folder), Path(folder) / "models"
        names = [f"@tensorflow/{name}@{VERSION}" for name in PACKAGES]
        install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, *names]
        subprocess.run(install, check=True, capture_output=True)
        models.mkdir()
        pages = {}
        for name, model, pictures in networks():
            (models / f"{name}.json").write_text(json.dumps(page_data(model)))
            for dtype in TYPES:
                data = page_data(model, dtype=dtype, samples=pictures)
                change = (data["measured"] or {}).get(dtype)
                data = {**data, "samples": []}
                weights = sum(len(array["data"]) for array in data["arrays"])
                pages[name, dtype] = len(page(data).encode()), weights, change
        modules = tfjs / "node_modules"
        command = ["node", HERE / "explorer.js", models, modules, str(ROUNDS), *scripts]
        results = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        script = (modules / "@tensorflow" / "tfjs" / "dist" / "tf.min.js").stat().st_size
    yield "what", "measured", "at most"
    for found in results:
        name, ours, theirs = found["name"], found["ours"], found["theirs"]
        yield f"{name}: all maps of a picture", f"{ours:.1f} ms", f"{LIMITS[name]} ms"
        yield f"{name}: against TensorFlow.js {VERSION}, CPU", f"{ours / theirs:.2f}", "1"
    for name, limit in PAGES.items():
        size = pages[name, "float32"][0]
        yield f"{name}: its page", f"{size / 1000:,.0f} kB", f"{limit / 1000:,.0f} kB"
    yield None
    yield "page", "size", "against TensorFlow.js", "largest change of an output", "same answers"
    for (name, dtype), (size, weights, change) in pages.items():
        changes = ("0", "100%")
        if change is not None:
            changes = f"{change['largest_change']:.2g}", f"{change['same_answer']:.0%}"
        ratio = f"{size / (script + weights):.2f}"
        yield f"{name}, {dtype}", f"{size / 1000:,.0f} kB", ratio, *changes


if __name__ == "__main__":
    print(machine(), "\n", sep="")
    is_head = True
    for row in tables():
        print("" if row is None else f"| {' | '.join(row)} |", flush=True)
        if is_head and row:
            print("| --- |", " | ".join(["--:"] * (len(row) - 1)), "|")
        is_head = row is None
