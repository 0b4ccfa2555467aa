from ._local_response_normalization import (
    LocalResponseNormalization as LocalResponseNormalization,
)
