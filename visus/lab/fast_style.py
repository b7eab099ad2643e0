"""Can one pass of a network paint what takes an optimiser hundreds of steps?"""

import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal, TypeVar

import torch
from torch import Tensor, nn

from ..engine.loop import fit
from ..engine.optimizers import adam
from ..engine.schedules import cosine
from ..explain import style_transfer
from ..explain._drawing import features
from ..explain.texture_synthesis import style_distance, style_of
from ..losses.style import content_loss, tv_loss
from ..models.painters import transform
from ..recipes._form import About, Limits
from ..tasks.stylise import Stylise
from ._exhibit import Exhibit, Plate, Table
from ._perception import LAYERS, PHOTOGRAPHS, photograph, random_network
from ._pictures import shown

CONTENT, STYLE, SMOOTH = 1.0, 3.0, 1.0  # weights of the terms
CONTENT_LAYER = LAYERS[2]
HELD_OUT = "cat"
STEPS = (5, 20, 80)  # of the optimiser it is compared with
QUICK = {"side": 16, "steps": 3, "pictures": 4}

T = TypeVar("T")


def run(
    style: Annotated[Literal["coffee", "rocket", "astronaut"], About("the picture whose style is learned")] = "coffee",
    side: Annotated[int, Limits(16, 256), About("pixels of the pictures")] = 64,
    steps: Annotated[int, Limits(1), About("steps of training")] = 250,
    pictures: Annotated[int, Limits(2), About("pieces of photographs that are learned from")] = 64,
    seed: Annotated[int, Limits(0), About("of weights and pieces")] = 0,
) -> Exhibit:
    network, example = random_network(seed), photograph(style, side)
    judge = partial(wrong, network, style_of(network, example, list(LAYERS)))
    held = photograph(HELD_OUT, side)
    torch.manual_seed(seed)
    task = Stylise(
        transform.build(), judge, _pieces(style, side, pictures, seed), _bytes(held), adam,
        lr=1e-3, schedule=cosine(steps), batch=4, seed=seed,
    )  # fmt: skip
    before = _total(judge(held, held))
    trained = _timed(lambda: fit(task, steps))[1]
    painted, once = _timed(lambda: task.predict(_bytes(held)))
    after = _total(judge(painted, held))
    optimised = {n: _timed(partial(_optimised, network, held, example, n)) for n in STEPS}
    losses = {n: _total(judge(one, held)) for n, (one, _) in optimised.items()}
    findings = [
        (
            f"On a picture it never saw the loss goes from {before:.3f} to {after:.3f} in one pass of "
            f"{1000 * once:.0f} ms, after {trained:.0f} s of training on {pictures} pieces of other photographs."
        ),
        "The optimiser, for this one picture: "
        + ", ".join(f"{losses[n]:.3f} after {n} steps ({seconds:.1f} s)" for n, (_, seconds) in optimised.items())
        + ".",
        _verdict(after, losses, once, {n: seconds for n, (_, seconds) in optimised.items()}),
        "The price is a network for each style; the loss network here has random filters, so it knows no things.",
    ]
    plate = Plate(
        "One picture, painted",
        shown(torch.cat([held, example, painted, *(one for one, _ in optimised.values())])),
        "One pass of the trained network beside what the optimiser reaches in ever more steps.",
        ["the picture", "the style", "one pass", *(f"{n} steps" for n in STEPS)],
    )
    rows = [["as it is", f"{before:.3f}", ""], ["one pass", f"{after:.3f}", f"{once:.3f}"]]
    rows += [[f"{n} steps", f"{losses[n]:.3f}", f"{optimised[n][1]:.2f}"] for n in STEPS]
    table = Table("Loss and time of a picture", ["painted by", "loss", "seconds"], rows)
    data = {"before": before, "after": after, "optimised": {str(n): loss for n, loss in losses.items()}}
    return Exhibit("Fast style transfer", findings, [], [plate], [table], data)


def wrong(network: nn.Module, wanted: dict[str, Tensor], painted: Tensor, pictures: Tensor) -> dict[str, Tensor]:
    """The three terms of style transfer, each relative, averaged over pictures (B, 3, H, W)."""
    answers = features(network, painted, LAYERS)
    with torch.no_grad():
        content = features(network, pictures, [CONTENT_LAYER])[CONTENT_LAYER]
    grams = {name: gram.expand(len(painted), -1, -1) for name, gram in wanted.items()}
    return {
        "content": content_loss(answers[CONTENT_LAYER], content, CONTENT) / content.square().sum(),
        "style": STYLE * style_distance(answers, grams),
        "variation": tv_loss(painted, SMOOTH) / painted.numel(),
    }


def _optimised(network: nn.Module, picture: Tensor, example: Tensor, steps: int) -> Tensor:
    return style_transfer.picture(
        network, picture, example, CONTENT_LAYER, ",".join(LAYERS),
        content_weight=CONTENT, style_weight=STYLE, tv=SMOOTH, steps=steps,
    )  # fmt: skip


def _pieces(style: str, side: int, n: int, seed: int) -> Tensor:
    """Pieces uint8 (n, 3, side, side) of photographs, neither of the style nor of what is held out."""
    dice = torch.Generator().manual_seed(seed)
    sources = [_bytes(photograph(name, 2 * side))[0] for name in PHOTOGRAPHS if name not in (style, HELD_OUT)]
    found = []
    for i in range(n):
        top, left = (int(torch.randint(side + 1, (), generator=dice)) for _ in range(2))
        found.append(sources[i % len(sources)][:, top : top + side, left : left + side])
    return torch.stack(found)


def _bytes(images: Tensor) -> Tensor:
    return (255 * images).round().to(torch.uint8)


def _total(terms: dict[str, Tensor]) -> float:
    return sum(float(term) for term in terms.values())


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def _verdict(after: float, losses: dict[int, float], once: float, seconds: dict[int, float]) -> str:
    beaten = [n for n, loss in losses.items() if after <= loss]
    if not beaten:
        return f"Even {min(losses)} steps of the optimiser paint it better; train longer."
    n = max(beaten)
    return f"One pass is as good as {n} steps, {seconds[n] / max(once, 1e-9):.0f} times faster."
