"""k-nearest neighbours: keep every picture, let the closest ones vote."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TAKES_ROWS = True  # a row of numbers will do: nothing is asked of its neighbours in a picture
DESCENDS = False  # settings of a descent, such as a learning rate, have no meaning here
UNSEEN = 0.01  # votes lent to every class, so that the logarithm stays finite
CHUNK = 512  # queries whose distances are held at once: CHUNK x N floats


class NearestNeighbours(nn.Module):
    """Float images (B, C, H, W) -> log of each class's share of the k nearest examples' votes (B, K).

    The logarithm makes these scores like any other classifier's: their softmax is the share. A tie goes to the
    smaller label. Learning is `remember`: there is nothing to descend.
    """

    examples: Tensor
    labels: Tensor

    def __init__(self, n_classes: int, k: int = 5, metric: str = "l2") -> None:
        super().__init__()
        if metric not in ("l1", "l2"):
            raise ValueError(f"metric must be l1 or l2; got '{metric}'")
        if k < 1:
            raise ValueError(f"k must be at least 1; got {k}")
        self.n_classes, self.k, self.metric = n_classes, k, metric
        self.register_buffer("examples", torch.empty(0))
        self.register_buffer("labels", torch.empty(0, dtype=torch.long))

    def remember(self, images: Tensor, labels: Tensor) -> None:
        """Keep these examples too."""
        rows = images.flatten(1)
        self.examples = torch.cat([self.examples.reshape(-1, rows.shape[1]).to(rows), rows])
        self.labels = torch.cat([self.labels.to(labels), labels])

    def forward(self, images: Tensor) -> Tensor:
        if not len(self.labels):
            return images.new_zeros(len(images), self.n_classes)  # nothing remembered: every class as likely
        return torch.cat([self._vote(rows) for rows in images.flatten(1).split(CHUNK)])

    def _vote(self, rows: Tensor) -> Tensor:
        distances = torch.cdist(rows, self.examples, p=1.0 if self.metric == "l1" else 2.0)  # (B, N)
        k = min(self.k, len(self.labels))
        nearest = distances.topk(k, largest=False).indices  # (B, k)
        votes = F.one_hot(self.labels[nearest], self.n_classes).sum(1).to(rows.dtype)
        return ((votes + UNSEEN) / (k + self.n_classes * UNSEEN)).log()

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: object) -> None:
        for name in ("examples", "labels"):  # their length is only known to the one who saved them
            if prefix + name in state_dict:
                setattr(self, name, torch.empty_like(state_dict[prefix + name]))
        super()._load_from_state_dict(state_dict, prefix, *rest)


def build(image: tuple[int, int, int], n_classes: int, k: int = 5, metric: str = "l2") -> nn.Module:
    """k: neighbours that vote. metric: l1 (depends on the axes) or l2 (does not)."""
    return NearestNeighbours(n_classes, k, metric)
