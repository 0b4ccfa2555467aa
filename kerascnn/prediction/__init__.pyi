from ._boxes import predict_boxes as predict_boxes
from ._tiles import predict_tiles as predict_tiles
