"""CIFAR-10 in bytes by gated stacks with a mixture of logistics at their end: bits per dimension beside the published.

Published on the test part: 3.14 for PixelCNN and 3.00 for PixelRNN (van den Oord et al., 2016a), 3.03 for the gated one
(2016b), 2.92 for PixelCNN++ (Salimans et al., 2017), each after days on many GPUs.
"""

from functools import partial

from . import autoregress

build = partial(
    autoregress.build,
    data="cifar10",
    levels=256,
    model="pixelcnn_mixture",
    features=48,
    layers=6,
    hidden=96,
    batch=16,
    flip=True,
    lr=2e-3,
    epochs=4,
    shown=16,
)
SUBJECT = autoregress.SUBJECT
