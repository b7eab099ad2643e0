"""CIFAR-10 in bytes by a PixelCNN of several scales that ends in mixtures of logistics: an hour on one core.

Published on the test part, in bits per dimension: 3.14 for PixelCNN and 3.00 for PixelRNN (van den Oord et al., 2016a),
3.03 for the gated one (2016b), 2.92 for PixelCNN++ (Salimans et al., 2017), each after days on many GPUs.
"""

from functools import partial

from . import autoregress

build = partial(
    autoregress.build,
    data="cifar10",
    levels=256,
    model="multiscale_pixelcnn",
    features=32,
    lr=2e-3,
    batch=8,
    average=0.9995,
    max_norm=10_000.0,  # of nats of 3072 bytes: what is clipped is a batch that went wrong
    flip=True,
    shown=16,
    epochs=5,
)
SUBJECT = autoregress.SUBJECT
