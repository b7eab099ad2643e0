"""What a model tells of a picture, drawn on it, one subject a file, by what `model.json` says it "tells".

A file offers:

drawn(prediction, model): the picture uint8 (H, W, 3) with what was told of it, in the file's own pixels or enlarged.
prediction: of the kind's `look`; model: what the kind's `load` gave. Raises UnreadablePictureError.
"""
