"""Drawing with cached activations against the naive way, a whole forward pass for each value: paired, one thread.

The two draw the same pictures. They take turns in one process, in float32, on networks of the size that is trained
here: 28 x 28 grey pictures of 2 levels and 32 x 32 colour pictures of 256. The naive way is timed on a few values,
spread over the picture, and multiplied: every value costs it alike, and all of them would take an hour.
`sampling.py [PICTURES]`.
"""

import sys
import time
from statistics import median

import torch
from _claim import state

from visus.data.canvas import Canvas
from visus.models.autoregressive import gated_pixelcnn, multiscale_pixelcnn, pixelcnn, pixelcnn_mixture
from visus.models.autoregressive._contract import Autoregressive, Naive, pick

TIMES = 10.0  # cached drawing is to be so many times as fast
TURNS, VALUES = 3, 8  # of each turn's naive values
GREY, COLOUR = Canvas(1, 28, 28, 2), Canvas(3, 32, 32, 256)
NETWORKS = {
    "multiscale_pixelcnn, 28 x 28 grey": lambda: multiscale_pixelcnn.build(GREY),
    "multiscale_pixelcnn, 32 x 32 colour": lambda: multiscale_pixelcnn.build(COLOUR),
    "pixelcnn, 28 x 28 grey": lambda: pixelcnn.build(GREY),
    "gated_pixelcnn, 28 x 28 grey": lambda: gated_pixelcnn.build(GREY, layers=6, hidden=64),
    "gated_pixelcnn, 32 x 32 colour": lambda: gated_pixelcnn.build(COLOUR, features=48, layers=6),
    "pixelcnn_mixture, 32 x 32 colour": lambda: pixelcnn_mixture.build(COLOUR, features=48, layers=6, hidden=96),
}


def cached_seconds(network: Autoregressive, n: int) -> float:
    """Of n whole pictures."""
    began = time.perf_counter()
    network.sample(n, torch.Generator().manual_seed(0))
    return time.perf_counter() - began


def naive_seconds(network: Autoregressive, n: int) -> float:
    """Of n whole pictures, from the time that VALUES of their values take."""
    walk, canvas = Naive(network, n), network.canvas
    chance = torch.rand(VALUES, n, generator=torch.Generator().manual_seed(0))
    began = time.perf_counter()
    for number in range(VALUES):
        walk.at = number * canvas.values // VALUES
        walk.put(pick(walk.tell(), chance[number]))
    return (time.perf_counter() - began) * canvas.values / VALUES


@torch.no_grad()
def measured(network: Autoregressive, n: int) -> tuple[list[float], list[float]]:
    """Seconds of both ways, turn by turn; one turn before is not counted."""
    turns = [(cached_seconds(network, n), naive_seconds(network, n)) for _ in range(TURNS + 1)][1:]
    return [cached for cached, _ in turns], [naive for _, naive in turns]


def main(n: int) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    figures, ratios = {}, []
    for name, build in NETWORKS.items():
        cached, naive = measured(build().eval(), n)
        paired = [slow / fast for fast, slow in zip(cached, naive, strict=True)]
        ratios.append(median(paired))
        figures[name] = (
            f"{median(paired):.0f}x, {min(paired):.0f} to {max(paired):.0f}; {n} pictures in {median(cached):.1f} s "
            f"against {median(naive):.0f} s"
        )
    state(
        "sampling",
        f"cached drawing takes less than 1 / {TIMES:.0f} of the naive way's time",
        min(ratios) >= TIMES,
        **figures,
        turns=TURNS,
        threads=1,
        seed=0,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
