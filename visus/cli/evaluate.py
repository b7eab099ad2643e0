"""Measure a trained model on labelled pictures, and count that it was done."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    data: Annotated[
        str, typer.Argument(help="Labelled pictures: a folder, a CSV table or a named set; of a player a world.")
    ],
    views: Annotated[str, typer.Option(help="one, mirrored, six or ten views of each picture, averaged.")] = "one",
) -> int:
    """Accuracy with its interval and each class's precision and recall; the use is counted in the test ledger.

    A player plays 100 episodes of a world; changed rules stand behind it: 'grid_world slip=0.3'.

    A model of attributes or numbers needs a table with the columns that it tells; a detector needs marked objects, a
    segmenter label maps.

    Examples:

    - visus evaluate runs/photos-1 other_photos/
    - visus evaluate runs/CartPole-v1-1 CartPole-v1
    - visus evaluate runs/cells-1 other_cells/              _mAP of a detector, COCO, VOC or YOLO_
    """
    from ..playbook.evaluate import evaluate
    from ._show import terminal

    with terminal() as show:
        found = evaluate(run, data, show, views)
        show.verdict("evaluate", found.line, found.severity)
    table = Table(*found.headings, box=None, header_style="dim")
    for row in found.rows:
        table.add_row(*row)
    Console(highlight=False).print(table)
    return 0
