"""Recurrent attention: a few glimpses at a picture, each sent where the ones before suggest (Mnih et al., 2014).

The arithmetic does not grow with the picture: a glimpse is a few small patches around one place, each scale twice as
wide as the one before and as coarse again. Where to look cannot be learned by descent, because which pixels are in
a patch does not change smoothly; the places are drawn, and draws that ended in the right answer are made likelier
(REINFORCE).

Differs from the paper: a place is rounded to the pixel that is looked at, and the network is told the rounded one; the
chances of several courses over the same picture are averaged when it answers.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...geometry.glimpses import centres
from ...layers import initialise
from ...layers.recurrent import Recurrent, State
from ...losses.policy_gradient import reinforce_loss, value_loss
from ._layout import SMALL_START, at_least_1, one_of

Core = Literal["rectifier", "lstm"]
SEEN, PLACED, GLIMPSE = 128, 128, 256  # units for what is seen, for where, and for both; section 4 of the paper
ONLY_CLASSES = True  # an answer is right or wrong: that is the reward
CORNER = 1.0  # places are (down, right) from -1 to 1: (-1, -1) is the upper left corner, 0 the middle
FIXED = 2014  # seed of the draws by which it answers: the same for every picture, so that an answer is a function of it


@dataclass(frozen=True)
class Course:
    """What happened on M courses of T glimpses over each of B pictures.

    scores: (B, M, K), after the last glimpse. places: (B, M, T, 2), where it looked, (down, right) from -1 to 1.
    chances: (B, M, T - 1), logarithm of the density of each drawn place, but for a constant. expected: (B, M, T - 1),
    the baseline: the chance to be right, told before each draw.
    """

    scores: Tensor
    places: Tensor
    chances: Tensor
    expected: Tensor


class Retina(nn.Module):
    """Patches of side x side numbers around a place: the first pixel by pixel, each further one of twice the width."""

    def __init__(self, side: int, scales: int) -> None:
        super().__init__()
        self.side, self.widths = side, [side * 2**scale for scale in range(scales)]

    def sums(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) -> the sum of all that lies up and left of each corner of a pixel, (B, C, H + 1, W + 1).

        The mean of any box is then four of these numbers, whatever its size (Crow, 1984). Beyond the picture lies 0.
        In double precision, because a large sum would swallow the small difference.
        """
        return F.pad(images.double().cumsum(2).cumsum(3), (1, 0, 1, 0))

    def forward(self, sums: Tensor, centre: Tensor) -> Tensor:
        """centre: int (B, M, 2), in pixels from the upper left corner. Returns (B, M, scales C side side)."""
        B, C, H, W = sums.shape
        n, edges = self.side + 1, torch.arange(self.side + 1, device=centre.device)
        down, right = centre.flatten(0, 1).unbind(1)  # (B M,)
        seen = []
        for width in self.widths:
            block = width // self.side
            offsets = edges * block - width // 2
            rows = (down[:, None] + offsets).clamp(0, H - 1)  # (B M, n); beyond the edge there is nothing to add
            columns = (right[:, None] + offsets).clamp(0, W - 1)
            index = (rows[:, :, None] * W + columns[:, None, :]).view(B, 1, -1)  # (B, 1, M n n)
            at = sums.flatten(2).gather(2, index.expand(-1, C, -1)).view(B, C, -1, n, n)
            means = at.diff(dim=3).diff(dim=4) / block**2
            seen.append(means.transpose(1, 2).flatten(2))
        return torch.cat(seen, 2)


class RectifierCore(nn.Module):
    """h' = max(0, W h + U g + b): the paper's core for pictures that stand still."""

    def __init__(self, n_inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.join = nn.Linear(hidden + n_inputs, hidden)

    def start(self, batch: int) -> State:
        return (self.join.weight.new_zeros(batch, self.hidden),)

    def forward(self, glimpse: Tensor, state: State) -> State:
        return (self.join(torch.cat((state[0], glimpse), 1)).relu(),)


class LSTMCore(nn.Module):
    """The paper's core for moving pictures."""

    def __init__(self, n_inputs: int, hidden: int) -> None:
        super().__init__()
        self.recurrent = Recurrent("lstm", n_inputs, hidden)

    def start(self, batch: int) -> State:
        return tuple(s[:, 0] for s in self.recurrent.start(batch))

    def forward(self, glimpse: Tensor, state: State) -> State:
        _, after = self.recurrent(glimpse[:, None], tuple(s[:, None] for s in state))
        return tuple(s[:, 0] for s in after)


CORES: Mapping[str, Callable[[int, int], RectifierCore | LSTMCore]] = {"rectifier": RectifierCore, "lstm": LSTMCore}


class RecurrentAttention(nn.Module):
    """Float images (B, C, H, W) -> class scores (B, K).

    In training each picture is looked at on one course of drawn places. In evaluation mode it is looked at on `looks`
    courses whose draws are always the same, and the scores are the logarithms of the mean chances.
    """

    SURROGATES = ("reinforce", "baseline")  # an estimate, and an error that may change its own head alone
    draws: Tensor

    def __init__(
        self,
        channels: int,
        n_classes: int,
        retina: Retina,
        core: RectifierCore | LSTMCore,
        hidden: int,
        glimpses: int,
        deviation: float,
        looks: int,
    ) -> None:
        super().__init__()
        self.glimpses, self.deviation = glimpses, deviation
        self.retina = retina
        self.see = nn.Linear(len(retina.widths) * channels * retina.side**2, SEEN)
        self.place = nn.Linear(2, PLACED)
        self.join = nn.Linear(SEEN + PLACED, GLIMPSE)
        self.core = core
        self.locate = nn.Linear(hidden, 2)
        self.expect = nn.Linear(hidden, 1)
        self.decide = nn.Linear(hidden, n_classes)
        self._courses: list[Course] | None = None
        random = np.random.Generator(np.random.Philox(FIXED))
        # A row of draws for each course: the first place, uniform in the picture, then what is added to each mean.
        first, noise = random.uniform(-1, 1, (looks, 1, 2)), random.standard_normal((looks, glimpses - 1, 2))
        draws = torch.tensor(np.concatenate((first, noise), 1), dtype=torch.float32)  # (M, T, 2)
        self.register_buffer("draws", draws, persistent=False)
        self._begin(n_classes)

    def _begin(self, n_classes: int) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                initialise.he(module.weight)
                nn.init.zeros_(module.bias)
        for last in (self.decide, self.locate, self.expect):  # no favourite class, nor a favourite place
            nn.init.normal_(last.weight, std=SMALL_START / last.in_features**0.5)
        nn.init.constant_(self.expect.bias, 1 / n_classes)  # how often a blind guess is right

    def forward(self, images: Tensor) -> Tensor:
        course = self.look(images)
        if self._courses is not None:
            self._courses.append(course)
        if self.training:
            return course.scores[:, 0]
        scores = course.scores.to(self.draws.dtype)
        return scores.log_softmax(2).logsumexp(1) - math.log(scores.shape[1])

    def look(self, images: Tensor) -> Course:
        """Look at each picture (B, C, H, W): on one course of fresh draws in training, else on those that are kept."""
        B = len(images)
        if self.training:
            draws = torch.randn(B, 1, self.glimpses, 2, dtype=self.draws.dtype, device=images.device)
            draws[:, :, 0].uniform_(-CORNER, CORNER)
        else:
            draws = self.draws.expand(B, -1, -1, -1)
        return self._walk(images, draws)

    def _walk(self, images: Tensor, draws: Tensor) -> Course:
        """draws: (B, M, T, 2), of which the first are places and the others added to the means."""
        B, M, T, _ = draws.shape
        sides = torch.tensor(images.shape[2:], device=images.device)
        sums = self.retina.sums(images)
        state = self.core.start(B * M)
        place, places, chances, expected = draws[:, :, 0], [], [], []
        for t in range(T):
            # The network is told the place it saw: no number it is given then hangs smoothly on how it drew.
            centre = centres(place, sides)  # (B, M, 2)
            place = centre / sides * 2 - CORNER
            places.append(place)
            seen = self.see(self.retina(sums, centre).to(draws.dtype).flatten(0, 1)).relu()
            where = self.place(place.flatten(0, 1).to(seen.dtype)).relu()
            state = self.core(self.join(torch.cat((seen, where), 1)).relu(), state)
            if t + 1 < T:
                place, chance = self._draw(state[0], draws[:, :, t + 1])
                chances.append(chance)
                expected.append(self.expect(state[0].detach()).view(B, M))
        scores = self.decide(state[0]).view(B, M, -1)
        none = scores.new_zeros(B, M, 0)  # a single glimpse is never aimed
        return Course(
            scores,
            torch.stack(places, 2),
            torch.stack(chances, 2) if chances else none,
            torch.stack(expected, 2) if expected else none,
        )

    def _draw(self, h: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """The next place (B, M, 2), Gaussian about the mean that h (B M, H) suggests, and its log-density (B, M)."""
        mean = (
            self.locate(h.detach()).to(noise.dtype).tanh().view_as(noise)
        )  # the core learns from its answers alone, as in the paper
        drawn = mean.detach() + self.deviation * noise
        chance = -(drawn - mean).square().sum(2) / (2 * self.deviation**2)
        return drawn.clamp(-CORNER, CORNER), chance

    @property
    def widths(self) -> list[int]:
        """Of the patches of a glimpse, in pixels, the sharp one first."""
        return self.retina.widths

    @contextmanager
    def watched(self) -> Iterator[list[Course]]:
        """Inside, what comes back is filled with the course of every forward pass."""
        outer, self._courses = self._courses, []
        try:
            yield self._courses
        finally:
            self._courses = outer

    def taught(self, course: Course, right: Tensor) -> dict[str, Tensor]:
        """The terms that teach where to look. right: (B,), whether the answer was: the reward of every draw before it.

        reinforce: its gradient is an estimate of that of the share of wrong answers. baseline: half the squared error
        of the chance to be right, told before each draw. Both are means over pictures and draws; a single glimpse is
        never aimed, and there is nothing to teach. Source: Mnih et al., 2014, equation 2, and section 3.2.
        """
        if not course.chances.numel():
            return {}
        reward = right.to(course.chances)[:, None, None].expand_as(course.chances)
        expected = course.expected.to(reward)
        return {
            "reinforce": reinforce_loss(course.chances, reward - expected),
            "baseline": value_loss(expected, reward),
        }


def build(
    image: tuple[int, int, int],
    n_classes: int,
    glimpses: int = 6,
    window: int = 8,
    scales: int = 1,
    core: Core = "rectifier",
    hidden: int = 256,
    deviation: float = 0.1,
    looks: int = 8,
) -> nn.Module:
    """glimpses: at each picture, the first at a random place. window: side of a patch in pixels. scales: patches of a
    glimpse, each twice as wide as the one before. core: what remembers, of so many `hidden` units.

    deviation: of the drawn places, half a picture being 1. looks: courses whose chances are averaged in an answer.
    Raises ValueError for a setting it cannot be.
    """
    for name, value in (("glimpses", glimpses), ("window", window), ("scales", scales), ("looks", looks)):
        at_least_1(name, value)
    at_least_1("hidden", hidden)
    one_of("core", core, CORES)
    if deviation <= 0:
        raise ValueError(f"deviation must be above 0, for example 0.1, or no place is ever tried; got {deviation:g}")
    return RecurrentAttention(
        image[0],
        n_classes,
        Retina(window, scales),
        CORES[core](GLIMPSE, hidden),
        hidden,
        glimpses,
        deviation,
        looks,
    )
