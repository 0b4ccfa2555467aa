import subprocess
import sys


def test_plots_needs_neither_keras_nor_tensorflow():
    code = (
        "import sys, kerascnn.plots as p; assert 'matplotlib' not in sys.modules; [getattr(p, n)"
        " for n in p.__all__]; print({'keras', 'tensorflow'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "set()"
