"""The ways over the same pictures that were kept while a network learned where to look."""

import torch
from synthetic_run import write_events, write_info

from visus.report import page
from visus.report import record as records
from visus.report.sections import glimpses
from visus.runs import sheet
from visus.runs.reader import Run


def run_that_looked(folder, epochs):
    folder.mkdir(parents=True, exist_ok=True)
    write_info(folder)
    loss = {"step": 5, "epoch": 1.0, "objective": "classify", "loss": 3.0, "terms": {}}
    events = [{"event": "opened"}, {"event": "metrics", **loss}]
    for epoch in epochs:
        file = f"{sheet.PICTURES}/glimpses-{epoch}.png"
        layout = sheet.write(folder / file, torch.randint(0, 256, (8, 3, 12, 12), dtype=torch.uint8))
        about = {"file": file, **vars(layout)}
        events.append({"event": "pictures", "step": 10 * epoch, "epoch": epoch, "sheets": {"glimpses": about}})
    write_events(folder, events)
    return Run(folder)


def test_a_few_epochs_are_shown_the_first_and_the_last_among_them(tmp_path):
    run = run_that_looked(tmp_path, range(1, 10))
    strip = glimpses.gather(run, records.read(run))["strip"]
    assert [row["when"] for row in strip] == ["epoch 1", "epoch 3", "epoch 6", "epoch 9"]
    assert all(row["n"] == glimpses.IN_A_ROW for row in strip)
    assert "Where it looked" in page.render(run)


def test_a_run_of_a_network_that_sees_all_at_once_has_no_such_part(tmp_path):
    run = run_that_looked(tmp_path, [])
    assert glimpses.gather(run, records.read(run)) is None
    assert "Where it looked" not in page.render(run)
