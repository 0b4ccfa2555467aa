import pytest

from kerascnn import plots

LOOKS = [("slides", "en"), ("paper", "en"), ("dark", "ko"), ("gray", "es")]


@pytest.fixture(params=LOOKS, ids="-".join)
def look(request):
    """Each style, and each language, once."""
    style, lang = request.param
    try:
        with plots.style(style, lang=lang):
            yield style, lang
    except OSError as error:
        pytest.skip(f"no Korean font here: {error}")
