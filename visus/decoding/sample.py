"""Sample: draw each token from the model's distribution, made sharper or cut off if asked.

Sources: top-k from Fan et al., 2018, section 5.4; nucleus from Holtzman et al., 2020, section 3.1.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ._walk import Decoded, State, Step, gathered, walk


def decode(
    step: Step,
    state: State,
    start: Tensor,
    end: int,
    most: int,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    nucleus: float = 1.0,
    seed: int = 0,
) -> Decoded:
    """Draw tokens; the same seed draws the same. The scores are the model's own, not those of the sharpened choice.

    step, state, start, end, most: as in `greedy`. The rest: as in `filtered`.
    """
    return gathered(
        draws(step, state, start, end, most, temperature=temperature, top_k=top_k, nucleus=nucleus, seed=seed)
    )


def draws(
    step: Step,
    state: State,
    start: Tensor,
    end: int,
    most: int,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    nucleus: float = 1.0,
    seed: int = 0,
) -> Iterator[tuple[Tensor, Tensor]]:
    """The same as a stream: yields tokens (B,) and their log-probabilities (B,) as they are drawn."""
    check_settings(temperature, top_k, nucleus)
    generator = torch.Generator(start.device).manual_seed(seed)

    def choose(log_probabilities: Tensor) -> Tensor:
        chances = filtered(log_probabilities.float(), temperature, top_k, nucleus).exp()
        return torch.multinomial(chances, 1, generator=generator)[:, 0]

    return walk(step, state, start, end, most, choose)


def filtered(log_probabilities: Tensor, temperature: float = 1.0, top_k: int = 0, nucleus: float = 1.0) -> Tensor:
    """Log-probabilities (..., V) of the sharpened choice, normalised again; -inf for what is not to be drawn.

    temperature: divides the scores; above 1 flatter, towards 0 the most probable alone. top_k: tokens that stay, 0 for
    all; equals of the last one stay too. nucleus: of the sharpened distribution only the fewest tokens that together
    have at least this probability stay, in (0, 1].
    """
    check_settings(temperature, top_k, nucleus)
    # The largest becomes 0 first, so that a tiny temperature divides it to 0 and not to -inf as all the others.
    scores = (log_probabilities - log_probabilities.amax(-1, keepdim=True)) / temperature
    if 0 < top_k < scores.shape[-1]:
        last = scores.topk(top_k, dim=-1).values[..., -1:]
        scores = scores.masked_fill(scores < last, -math.inf)
    if nucleus < 1:
        ordered, places = scores.softmax(-1).sort(dim=-1, descending=True, stable=True)
        before = ordered.cumsum(-1) - ordered  # a token stays if those before it do not reach the nucleus yet
        outside = torch.zeros_like(scores, dtype=torch.bool).scatter(-1, places, before >= nucleus)
        scores = scores.masked_fill(outside, -math.inf)
    return scores.log_softmax(-1)


def check_settings(temperature: float = 1.0, top_k: int = 0, nucleus: float = 1.0) -> None:
    """Raise ValueError, in one sentence, for a setting outside its range."""
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be above 0, and top_k=1 takes the likeliest alone; got {temperature:g}")
    if top_k < 0:
        raise ValueError(f"top_k must be at least 1 token, or 0 for all; got {top_k}")
    if not 0 < nucleus <= 1:
        raise ValueError(f"nucleus must be a probability above 0 and at most 1, for example 0.9; got {nucleus:g}")
