"""Fashion-MNIST with the small convolutional net."""

from functools import partial

from . import classify

build = partial(classify.build, data="fashion-mnist", epochs=5, batch=500, lr=0.2, weight_decay=5e-4, flip=True, crop=2)
