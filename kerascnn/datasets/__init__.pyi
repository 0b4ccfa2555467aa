from ._dataset import Dataset as Dataset
from ._load import load as load
from ._load import names as names
from ._mnist_convention import to_mnist_convention as to_mnist_convention
from .photos import photo as photo
from .photos import photo_names as photo_names
