"""Networks that describe a picture in words: `build(feature_shape, vocabulary, ...) -> nn.Module`.

`feature_shape` is (D, h, w), of the grid of features that is looked at; `vocabulary` the number of words V. Every
module offers

    forward(features (B, D, h, w), words int64 (B, T)) -> Told      the scores of the word behind each, teacher-forced
    begin(features) -> state                                        tensors with the batch first
    step(words int64 (B,), state) -> (scores (B, V), state)         the same, one word at a time

see `_contract`. Further arguments are the architecture's own settings, typed and with defaults.
"""
