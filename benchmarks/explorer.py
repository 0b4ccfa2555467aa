"""Compare the explorer's kernels and pages with TensorFlow.js, as a Markdown table.

    python benchmarks/explorer.py

Needs node and npm, with which TensorFlow.js is installed into a temporary folder. Both compute the
same three networks in the same process, in turns, and must give the same answers. The page of a
user of TensorFlow.js is its full script with the weights in base64.
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


def networks():
    import kerascnn as kc

    yield "lenet5", kc.build_lenet5(weights="mnist")
    yield "resnet20", kc.build_resnet20(weights="cifar10")
    yield "vgg16", kc.build_vgg16(weights="cifar10")  # a quarter of its width


def rows():
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
        for name, model in networks():
            data = page_data(model)
            (models / f"{name}.json").write_text(json.dumps(data))
            pages[name] = len(page(data).encode()), sum(len(a["data"]) for a in data["arrays"])
        modules = tfjs / "node_modules"
        command = ["node", HERE / "explorer.js", models, modules, str(ROUNDS), *scripts]
        results = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        script = (modules / "@tensorflow" / "tfjs" / "dist" / "tf.min.js").stat().st_size
    for found in results:
        name, ours, theirs = found["name"], found["ours"], found["theirs"]
        yield f"{name}: all maps of a picture", f"{ours:.1f} ms", f"{LIMITS[name]} ms"
        yield f"{name}: against TensorFlow.js {VERSION}, CPU", f"{ours / theirs:.2f}", "1"
    for name, (size, weights) in pages.items():
        limit = f"{PAGES[name] / 1000:,.0f} kB" if name in PAGES else ""
        yield f"{name}: its page", f"{size / 1000:,.0f} kB", limit
        yield f"{name}: against one with TensorFlow.js", f"{size / (script + weights):.2f}", "0.5"


if __name__ == "__main__":
    print(machine(), "\n", sep="")
    print("| what | measured | at most |\n| --- | --: | --: |")
    for row in rows():
        print("|", " | ".join(row), "|", flush=True)
