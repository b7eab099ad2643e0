"""How does a classifier of small pictures score every place of a large one at once?"""

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers.convolutional import to_convolutional
from ..models.classifiers import vgg16
from ..models.description import describe
from ..recipes._form import About, Limits
from ..report.wording import scaled
from ._exhibit import Exhibit, Plate, Table
from ._learn import pictures
from ._pictures import shown

SIDE, FILTERS, HIDDEN = 8, 16, 48
MAP = (FILTERS, 3, 3)  # what the linear layers see of 8 x 8 pixels: 8 - 3 + 1 = 6, halved
STRIDE = 2  # pixels between neighbouring places, from the one pooling
BATCH, RATE = 100, 3e-3
SURE = 0.9  # probability from which a place counts as found
QUICK = {"steps": 20, "side": 24}


def network() -> nn.Sequential:
    """A classifier of 8 x 8 grey pixels: (B, 1, 8, 8) -> (B, 10). No padding, so that a crop and a place are alike."""
    see = (nn.Conv2d(1, FILTERS, 3), nn.ReLU(), nn.MaxPool2d(STRIDE), nn.Flatten())
    n_in = FILTERS * MAP[1] * MAP[2]
    return nn.Sequential(*see, nn.Linear(n_in, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))


def run(
    steps: Annotated[int, Limits(1, 10_000), About("updates of the classifier")] = 300,
    side: Annotated[int, Limits(10, 128), About("of the large picture, in pixels; even")] = 48,
    seed: Annotated[int, Limits(0), About("of weights, and of where the digits lie")] = 0,
) -> Exhibit:
    if side % STRIDE:
        raise ValueError(f"side must be even, so that places 2 px apart fill it; got {side}, take {side + 1}")
    torch.manual_seed(seed)
    prepared = pictures("digits")
    rows = prepared.rows("train")
    images, labels = prepared.images(rows)[:, :1].float() / 255, prepared.labels(rows)
    net = train(network(), images, labels, steps)
    scene = laid_out(images, side, seed)
    dense = to_convolutional(net, MAP)
    with torch.no_grad():
        scores = dense(scene)[0]  # (10, places, places)
        off = float((scores - slid(net, scene)).abs().max())
    n = scores.shape[1]
    once = describe(dense, (1, side, side)).macs
    crops = n * n * describe(net, (1, SIDE, SIDE)).macs
    chance, found = scores.softmax(0).max(0)
    vgg_rows, vgg_findings = _vgg()
    findings = [
        (
            f"A network for {SIDE} x {SIDE} px, its linear layers made convolutions, scores {n} x {n} places of a "
            f"{side} x {side} picture in one pass; cut out and scored one by one the largest difference is {off:.1e}."
        ),
        (
            f"In one pass that takes {scaled(once)} multiplications, place by place {scaled(crops)}: "
            f"{crops / once:.1f} times as many, because neighbours share their convolutions."
        ),
        *vgg_findings,
    ]
    heat = [scene[0], *(_enlarged(scores.softmax(0)[k : k + 1], side) for k in range(10))]
    plate = Plate(
        "The picture, and where each digit is found",
        shown(torch.stack([image.expand(3, -1, -1) for image in heat])),
        "White: the place whose 8 x 8 px are taken for that digit. Nothing was trained to say that there is none, so "
        "empty places are given to some digit too.",
        ["the picture", *map(str, range(10))],
    )
    sure = [int(((found == k) & (chance > SURE)).sum()) for k in range(10)]
    tables = [
        Table("Of 384 x 384 px, with VGG-16 for 224 x 224", ["way", "places", "multiplications"], vgg_rows),
        Table(
            "Places given to each digit", ["digit", f"above {SURE:.0%}"], [[str(k), str(m)] for k, m in enumerate(sure)]
        ),
    ]
    data = {"places": n, "difference": off, "multiplications": once, "one_by_one": crops}
    return Exhibit("A classifier slid over a picture", findings, (), [plate], tables, data)


def train(net: nn.Module, images: Tensor, labels: Tensor, steps: int) -> nn.Module:
    """A short descent with Adam; images (N, 1, 8, 8), labels (N,)."""
    descent = torch.optim.Adam(net.parameters(), lr=RATE)
    for _ in range(steps):
        rows = torch.randint(len(images), (BATCH,))
        descent.zero_grad()
        F.cross_entropy(net(images[rows]), labels[rows]).backward()
        descent.step()
    return net.eval()


def laid_out(images: Tensor, side: int, seed: int) -> Tensor:
    """Digits strewn over an empty picture, in cells so that they do not overlap: (1, 1, side, side)."""
    dice = torch.Generator().manual_seed(seed)
    scene, cell = torch.zeros(1, 1, side, side), SIDE + 4
    for top in range(0, side - cell + 1, cell):
        for left in range(0, side - cell + 1, cell):
            y, x = (int(v) for v in torch.randint(cell - SIDE + 1, (2,), generator=dice))
            digit = images[int(torch.randint(len(images), (1,), generator=dice))]
            scene[0, :, top + y : top + y + SIDE, left + x : left + x + SIDE] = digit
    return scene


def slid(net: nn.Module, scene: Tensor) -> Tensor:
    """The scores of every crop, one by one as people would: (K, places, places)."""
    crops = scene.unfold(2, SIDE, STRIDE).unfold(3, SIDE, STRIDE)[0, 0]  # (n, n, 8, 8)
    scores: Tensor = net(crops.reshape(-1, 1, SIDE, SIDE))
    return scores.T.unflatten(1, crops.shape[:2])


def _vgg() -> tuple[list[list[str]], list[str]]:
    """The course's example, in shapes only."""
    with torch.device("meta"):
        net = vgg16.build((3, 224, 224), 1000)
    small, large = describe(net, (3, 224, 224)), describe(to_convolutional(net, (512, 7, 7)), (3, 384, 384))
    _, h, w = large.layers[-1].output
    crops = h * w * small.macs
    rows = [["one pass", f"{h} x {w}", f"{large.macs:,}"], ["crop by crop", f"{h * w}", f"{crops:,}"]]
    said = (
        f"VGG-16 made for 224 px scores {h} x {w} = {h * w} places of 384 px, 32 px apart, with {scaled(large.macs)} "
        f"multiplications in place of {scaled(crops)}; its padded borders make the scores alike, not equal."
    )
    return rows, [said]


def _enlarged(chances: Tensor, side: int) -> Tensor:
    """(1, n, n) -> (1, side, side): each place in the middle of the window it looked at."""
    n = chances.shape[1]
    inner = F.interpolate(chances[None], (STRIDE * n, STRIDE * n))[0]
    before = (side - STRIDE * n) // 2
    after = side - STRIDE * n - before
    return F.pad(inner, (before, after, before, after))
