"""Editors complete the public names, with signatures and docstrings.

Pyright is asked, through its language server, as VS Code does.
"""

import ast
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kerascnn

pytestmark = [pytest.mark.slow, pytest.mark.frameworks]
pytest.importorskip("pyright")
sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "extensions"))
reference = importlib.import_module("reference")

MARKDOWN = {"documentationFormat": ["markdown"]}
ABLE = {
    "textDocument": {"completion": {"completionItem": MARKDOWN}},
    "workspace": {"configuration": True},
}


class Server:
    """A language server, to which messages are sent over its standard streams."""

    def __init__(self, folder, settings):
        self.settings = settings
        self.asked = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pyright.langserver", "--stdio"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        root = {"uri": folder.as_uri(), "name": folder.name}
        self.ask(
            "initialize",
            processId=os.getpid(),
            rootUri=folder.as_uri(),
            workspaceFolders=[root],
            capabilities=ABLE,
        )
        self.tell("initialized")

    def send(self, **message):
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(data), data))
        self.process.stdin.flush()

    def received(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the server has stopped"
        return json.loads(self.process.stdout.read(length))

    def tell(self, method, **parameters):
        self.send(method=method, params=parameters)

    def ask(self, method, **parameters):
        """Send a request and wait for its answer; meanwhile, answer the server's own requests."""
        self.asked += 1
        self.send(id=self.asked, method=method, params=parameters)
        while True:
            message = self.received()
            if "method" not in message and message["id"] == self.asked:
                assert "error" not in message, message["error"]
                return message["result"]
            if "method" in message and "id" in message:
                wanted = message.get("params", {}).get("items", [])
                found = [self.settings.get(one.get("section"), {}) for one in wanted]
                self.send(id=message["id"], result=found or None)

    def stop(self):
        self.ask("shutdown")
        self.tell("exit")
        self.process.communicate(timeout=20)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    place = str(Path(kerascnn.__file__).parents[1])
    settings = {
        "python": {"pythonPath": sys.executable},
        "python.analysis": {"extraPaths": [place], "diagnosticMode": "openFilesOnly"},
    }
    server = Server(tmp_path_factory.mktemp("editor"), settings)
    yield server
    server.stop()


def completed(server, module):
    """What is offered after the name of a module and a dot: the documentation of each name."""
    code = f"import kerascnn as kc\n{module.replace('kerascnn', 'kc', 1)}."
    uri = f"file:///{module}.py"
    document = {"uri": uri, "languageId": "python", "version": 1, "text": code}
    server.tell("textDocument/didOpen", textDocument=document)
    place = {"line": 1, "character": len(code.splitlines()[1])}
    offered = server.ask("textDocument/completion", textDocument={"uri": uri}, position=place)
    words = {}
    for item in offered["items"]:
        if not item["label"].startswith("_"):
            found = server.ask("completionItem/resolve", **item)
            words[item["label"]] = found.get("documentation", {}).get("value", "")
    return words


@pytest.mark.parametrize("module", reference.modules())
def test_public_names_are_completed_with_signature_and_docstring(server, module):
    words = completed(server, module)
    for one in reference.names(module):
        says = words[one.name]
        if isinstance(one.node, ast.FunctionDef):
            assert f"def {one.name}(" in says
        elif isinstance(one.node, ast.ClassDef):
            assert f"class {one.name}" in says
        else:
            assert f"{one.name}: " in says
            continue
        assert reference.summary(one) in says.replace("\\", "")
