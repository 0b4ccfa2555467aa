"""What a release consists of says the same everywhere."""

import configparser
import re
from pathlib import Path

import kerascnn

ROOT = Path(__file__).parent.parent


def test_the_version_is_the_same_everywhere():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    version = setup["metadata"]["version"]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == version
    assert f"## {version} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_wheel_declares_its_types_and_data():
    package = Path(kerascnn.__file__).parent
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    patterns = setup["options.package_data"]["kerascnn"].split()
    data = {path for pattern in patterns for path in package.glob(pattern) if path.is_file()}
    missing = [
        str(path.relative_to(package))
        for path in package.rglob("*")
        if path.is_file()
        and path not in data
        and path.suffix not in (".py", ".pyc", ".pyo")
        and "__pycache__" not in path.parts
    ]
    assert missing == []
