"""A bag of visual words: which kinds of small patches a picture is made of, and how many of each.

Random patches of training pictures are gathered around means (k-means), the words; a picture is described by how many
of its patches lie nearest to each word. Patches are brought to one contrast and whitened first, as Coates, Ng and Lee,
2011, found to matter most; they count by distance to every word, here a patch counts for its nearest word alone.
"""

import warnings

import torch
from torch import Tensor
from torch.nn import functional as F

from ._feature import Feature, refuse_small
from .pca import principal, project, reconstruct, whiten

PATCHES = 20_000  # to learn the words from
CONTRAST = 10 / 255**2  # added to a patch's variance: a patch of plain sky is not blown up to noise
WHITE = 0.1  # eps of whitening, for patches of variance 1
VALUES = 2**24  # answers of filters held in memory at once: 64 MiB


class Words(Feature):
    """Pictures uint8 (B, 3, H, W) -> shares of words (B, grid * grid * n_words), by part of the picture."""

    def __init__(self, image: tuple[int, int, int], n_words: int, patch: int, stride: int, grid: int) -> None:
        super().__init__()
        refuse_small("words", "patch", patch, image)
        C, H, W = image
        if min(n_words, stride, grid) < 1:
            raise ValueError(f"words needs n_words, stride and grid of at least 1; got {n_words}, {stride}, {grid}")
        rows, columns = (H - patch) // stride + 1, (W - patch) // stride + 1
        if grid > min(rows, columns):
            raise ValueError(
                f"words counts in {grid} x {grid} parts, but there are only {rows} x {columns} patches; "
                "make grid or stride smaller"
            )
        self.n_words, self.patch, self.stride, self.grid = n_words, patch, stride, grid
        self.size = grid * grid * n_words
        part = (torch.arange(rows) * grid // rows)[:, None] * grid + torch.arange(columns) * grid // columns
        self.register_buffer("part", part.flatten(), persistent=False)  # of the picture, for each patch
        self.register_buffer("words", torch.zeros(n_words, C, patch, patch))  # as patches, whitening undone
        self.register_buffer("filters", torch.zeros(n_words, C, patch, patch))
        self.register_buffer("bias", torch.zeros(n_words))
        self.part: Tensor
        self.words: Tensor
        self.filters: Tensor
        self.bias: Tensor

    def fit(self, images: Tensor) -> None:
        """Learn the words. They are the same for the same pictures: the dice are their own."""
        dice = torch.Generator().manual_seed(0)
        each = -(-PATCHES // len(images))
        H, W = images.shape[2:]
        top = torch.randint(H - self.patch + 1, (len(images), each), generator=dice)
        left = torch.randint(W - self.patch + 1, (len(images), each), generator=dice)
        step = torch.arange(self.patch)
        y, x = (top[:, :, None] + step)[:, :, :, None], (left[:, :, None] + step)[:, :, None, :]
        which = torch.arange(len(images))[:, None, None, None]
        patches = images.permute(0, 2, 3, 1)[which, y, x].permute(0, 1, 4, 2, 3)  # (N, each, 3, patch, patch)
        rows = _one_contrast(self.values(patches.reshape(-1, self.words[0].numel())))
        self._learn(rows[torch.randperm(len(rows), generator=dice)[:PATCHES]])

    def describe(self, images: Tensor) -> Tensor:
        pieces = images.split(max(1, VALUES // (len(self.part) * self.n_words)))
        return torch.cat([self._counted(piece) for piece in pieces])

    def _learn(self, rows: Tensor) -> None:
        """Find the words among patches (N, D), and the filters that tell which word a patch lies nearest to."""
        components = principal(rows)
        codebook = _means(whiten(project(rows, components), components, WHITE), self.n_words)
        spread = (components.variances + WHITE).sqrt()
        self.words = reconstruct(codebook * spread, components).view_as(self.words)
        # |z - w|^2 is smallest where z.w - |w|^2 / 2 is largest, and z.w of a whitened patch z is a filter's answer.
        filters = codebook / spread @ components.axes.T
        self.bias = -filters @ components.mean - codebook.square().sum(1) / 2
        # A patch has its mean taken out; taking it out of the filter is the same.
        self.filters = (filters - filters.mean(1, keepdim=True)).view_as(self.filters)

    def _counted(self, images: Tensor) -> Tensor:
        values = self.values(images)
        mean, square = (self._patch_means(tensor) for tensor in (values, values.square()))
        contrast = (square - mean.square()).clamp_min(0).add(CONTRAST).sqrt()  # (B, 1, rows, columns)
        answers = F.conv2d(values, self.filters, stride=self.stride) / contrast + self.bias[:, None, None]
        bins = self.part * self.n_words + answers.argmax(1).flatten(1)  # (B, patches)
        counted = values.new_zeros(len(images), self.size).scatter_add_(1, bins, values.new_ones(bins.shape))
        return counted / bins.shape[1]

    def _patch_means(self, values: Tensor) -> Tensor:
        return F.avg_pool2d(values.mean(1, keepdim=True), self.patch, self.stride)


def _one_contrast(rows: Tensor) -> Tensor:
    """Patches (N, D) with mean 0 and variance 1 each, so that a word is a pattern and not a brightness."""
    centred = rows - rows.mean(1, keepdim=True)
    return centred / (centred.square().mean(1, keepdim=True) + CONTRAST).sqrt()


def _means(rows: Tensor, k: int) -> Tensor:
    """The centres (k, D) of k-means; where there are fewer different rows than k, some centres are the same."""
    from sklearn.cluster import KMeans  # half a second to import, and only a fit needs it
    from sklearn.exceptions import ConvergenceWarning

    if len(rows) < k:
        raise ValueError(f"{k} words need at least as many patches; got {len(rows)}; give a smaller n_words")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different patches than words: words repeat
        found = KMeans(k, n_init=1, max_iter=50, random_state=0).fit(rows.double().cpu().numpy())
    return torch.from_numpy(found.cluster_centers_).to(rows)


def build(image: tuple[int, int, int], n_words: int = 100, patch: int = 6, stride: int = 2, grid: int = 2) -> Feature:
    """n_words: in the codebook. patch, stride: pixels. grid: words are counted in grid x grid parts of the picture."""
    return Words(image, n_words, patch, stride, grid)
