"""The course's two functions on arrays: train(images, labels) -> model, predict(model, images) -> labels."""

import numpy as np
from sklearn.datasets import load_digits

import visus

if __name__ == "__main__":
    digits = load_digits()
    images = (digits.images * 255 / 16).astype(np.uint8)  # (1797, 8, 8), values 0 to 255
    order = np.random.default_rng(0).permutation(len(images))
    train, test = order[:1500], order[1500:]
    for model, settings in (("knn", {"k": 3}), ("linear", {"lr": 0.01, "optimizer": "adam"}), ("small_conv", {})):
        fitted = visus.train(images[train], digits.target[train], model=model, **settings)
        right = (visus.predict(fitted, images[test]) == digits.target[test]).mean()
        print(f"{model:<10}  {100 * right:.1f} %")
