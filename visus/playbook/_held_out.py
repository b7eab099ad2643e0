"""Pictures that a run's model did not learn from, as bytes: its validation pictures, or labelled ones of one's own."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..data.audit._gather import gather
from ..data.collection import CLASSES
from ..data.named import cache
from ..data.prepare import divide, readable
from ..data.source import open_collection
from ..runs.reader import Run
from ..ship import model as ship
from ._session import Show


def held_out(
    folder: Path, trained: ship.TrainedModel, source: str, show: Show, most: int
) -> tuple[Tensor, Tensor, str]:
    """At most `most` pictures uint8 (N, 3, H, W), spread evenly, their labels (N,), and which they are.

    source: labelled pictures; "" for the validation pictures of the run, so that its test part stays unused. Raises
    ValueError for classes that the model does not know.
    """
    if trained.tells != CLASSES:
        raise ValueError(
            f"{folder} tells {trained.tells}, and this measures how often the right class is named; "
            f"`visus evaluate {folder} TABLE` measures it"
        )
    info = Run(folder).info
    own = source or str(info.get("source") or info["settings"]["data"])
    collection = open_collection(own)
    gathered = gather(collection, trained.frame, lambda n, total: show.progress("decode", n, total), cache())
    kept = readable(gathered)
    unknown = sorted({kept.classes[i] for i in np.unique(kept.labels)} - set(trained.classes))
    if unknown:
        raise ValueError(f"{own} has the class '{unknown[0]}'; the model knows {', '.join(trained.classes)}")
    rows = np.arange(len(kept)) if source else divide(gathered, int(info["seed"])).validation
    rows = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.int64)]
    place = np.array([trained.classes.index(name) if name in trained.classes else -1 for name in kept.classes])
    pictures = np.stack([kept.pictures.load(int(row), trained.frame) for row in rows])
    images = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
    return images, torch.from_numpy(place[kept.labels[rows]]), source or "validation pictures"
