from ._explain import Explanation as Explanation
from ._load import load as load
from ._methods import METHODS as METHODS
from ._save import save as save
from ._trained import Trained as Trained
