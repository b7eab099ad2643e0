"""The report: one file, offline, safe against hostile text, whole for any run however far it came."""

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import synthetic_run as made
import torch
from safetensors.torch import save_file

from visus.report import page
from visus.report.wording import date, duration, percent, plain, points, short

VOID = {"meta", "link", "img", "br", "hr", "input"}  # the elements of HTML that are never closed
LOADS = {"src", "href", "xlink:href", "srcset", "poster", "data", "action", "formaction", "background"}
SECTIONS = ("verdicts", "baselines", "test", "pictures", "training", "doctor", "search", "data", "record")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "$\\frac{",
    "</style></svg><iframe src=//evil.example>",
    "name " * 800,
    "x" * 4000,
    "\u202egpj.exe \ud800 \x00",
    "猫 🐈 {{ 7 * 7 }}",
    "style=\"fill: #c2500a\" url(#a) id='b'",
    "",
)


class Page(HTMLParser):
    """Collects what a browser would make of the page, and notes tags that do not nest."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.ids, self.loads, self.handlers, self.torn = [], [], [], [], [], []
        self.text, self.figures = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        self.loads += [value or "" for name, value in attributes if name in LOADS]
        self.handlers += [name for name in values if name.startswith("on")]
        if tag == "figure":
            self.figures.append({"svg": 0, "caption": ""})
        if self.figures and "figure" in self.open and tag == "svg":
            self.figures[-1]["svg"] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.torn.append(tag)

    def handle_data(self, data):
        if "style" not in self.open[-1:]:
            self.text.append(data)
        if "figcaption" in self.open:
            self.figures[-1]["caption"] += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made.build(tmp_path_factory.mktemp("runs") / "caltech-1")


@pytest.fixture(scope="module")
def text(folder):
    return page.write(folder).read_text(encoding="utf-8")


@pytest.fixture
def copy(folder, tmp_path):
    """The same run, to be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def shown(folder):
    """The words a reader sees, and the page as parsed; the page is sound in every test that looks at it."""
    found = Page(page.write(folder).read_text(encoding="utf-8"))
    assert_sound(found)
    return re.sub(r"\s+", " ", " ".join(found.text)), found


def assert_sound(found):
    assert found.torn == []
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert "script" not in found.tags
    assert "iframe" not in found.tags
    assert found.handlers == []
    assert all(value.startswith(("data:", "#")) for value in found.loads), found.loads
    assert all(figure["caption"].strip() for figure in found.figures)


def change(folder, edit):
    """Rewrite the events; `edit` may alter one in place, or return False to drop it."""
    made.write_events(folder, [event for event in made.read_events(folder) if edit(event) is not False])


def test_it_is_one_file_beside_the_record_and_leaves_nothing_else(copy):
    before = {path.name for path in copy.iterdir()} | {"report.html"}
    assert page.write(copy) == copy / "report.html"
    assert {path.name for path in copy.iterdir()} == before


def test_it_is_sound_html_that_asks_no_network_and_runs_no_script(text):
    assert_sound(Page(text))
    assert not re.search(r"https?://", text)
    assert all(target.startswith(("#", "data:")) for target in re.findall(r"url\(\s*['\"]?([^)'\"]*)", text))
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_every_reference_inside_the_page_has_its_target(text):
    targets = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    assert targets <= set(Page(text).ids)


def test_all_sections_are_there(text):
    assert set(SECTIONS) <= set(Page(text).ids)


def test_every_figure_says_how_to_read_it(text):
    found = Page(text)
    drawn = [figure for figure in found.figures if figure["svg"]]
    titles = re.findall(r'<figure class="card" role="group" aria-label="([^"]+)"', text)
    assert len(drawn) == len(titles) == found.tags.count("svg")
    assert all(len(figure["caption"].split()) > 8 for figure in found.figures)
    assert {"Confusion matrix", "Loss, in nats", "Accuracy", "Learning rate", "Update to weight ratio"} <= set(titles)


def test_the_headline_is_the_accuracy_with_its_interval_and_the_count_of_uses(text):
    words = re.sub(r"\s+", " ", " ".join(Page(text).text))
    assert "81.3 % accuracy on 300 test pictures" in words
    assert "95 % interval: 76.5 % to 85.3 %" in words
    assert "First use of this test split." in words
    assert "Even the lower end is above the best simple method (linear softmax, 38.3 %" in words


def test_two_writes_are_equal_byte_for_byte(folder, text):
    assert page.write(folder).read_text(encoding="utf-8") == text


def test_the_bytes_do_not_depend_on_the_process(folder, text):
    # a fresh interpreter has another hash seed: sets and ids must not follow it
    code = "import sys; from pathlib import Path; from visus.report import page; page.write(Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert (folder / "report.html").read_text(encoding="utf-8") == text


def test_ten_classes_with_full_galleries_stay_below_three_megabytes(folder, text):
    assert len(text) < 3e6


def test_importing_the_page_loads_no_plotting_library():
    code = "import sys, visus.report.page; sys.exit('matplotlib' in sys.modules or 'jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("n_classes", [2, 13, 100])
def test_any_number_of_classes_is_shown(tmp_path, n_classes):
    words, found = shown(made.build(tmp_path, [f"kind {k}" for k in range(n_classes)], n_test=400))
    assert all(f"kind {k}" in words for k in range(n_classes))
    assert sum(figure["svg"] for figure in found.figures) >= 9


def test_hostile_text_is_shown_as_text(tmp_path):
    folder = made.build(tmp_path, HOSTILE)
    made.write_info(folder, HOSTILE, name=HOSTILE[0], recipe=HOSTILE[1], settings={HOSTILE[1]: HOSTILE[3]})
    events = made.read_events(folder)
    for event in events:
        for key in ("what", "remedy", "watcher", "line", "severity"):
            if key in event:
                event[key] = HOSTILE[len(key) % 4]
        if event["event"] == "trial":
            event["settings"] = {HOSTILE[0]: HOSTILE[3], HOSTILE[2]: HOSTILE[event["round"]]}
    made.write_events(folder, events)
    words, _ = shown(folder)
    assert "<script>alert(1)</script>" in words
    assert "{{ 7 * 7 }}" in words
    assert "猫" in words
    assert "fill: #c2500a" in words
    assert "\u202e" not in words
    assert "x" * 400 not in words


@pytest.mark.parametrize("last", range(len(made.STAGES)))
def test_a_run_that_ended_after_any_stage_has_a_page(tmp_path, last):
    words, _ = shown(made.build(tmp_path, stages=made.STAGES[: last + 1]))
    finished = made.STAGES[last] == "report"
    assert ("This run has not finished" in words) is not finished
    assert words.count("not run") == len(made.STAGES) - 1 - last - (not finished)


@pytest.mark.parametrize("missing", ["audit", "search", "train", "test"])
def test_any_stage_may_be_missing(tmp_path, missing):
    shown(made.build(tmp_path, stages=[stage for stage in made.STAGES if stage != missing]))


def test_a_skipped_stage_is_called_so(copy):
    def skip(event):
        if event["event"] == "verdict" and event["stage"] == "baselines":
            event.update(severity="note", line="skipped, as asked", detail={"skipped": True})

    change(copy, skip)
    words, _ = shown(copy)
    assert "skipped skipped, as asked" in words
    assert "Baselines: not measured" in words


def test_a_plain_training_without_a_playbook_has_a_page(copy):
    (copy / "evidence.safetensors").unlink()
    made.write_info(copy, recipe="cifar10")
    change(copy, lambda event: event["event"] in ("started", "metrics", "scores", "finding", "stopped"))
    words, found = shown(copy)
    assert "best validation accuracy" in words
    assert "not a test result" in words
    assert "Only `visus fit` goes through the eight stages" in words
    assert "has not finished" not in words
    assert "verdicts" not in found.ids


def test_an_empty_run_has_a_page(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    words, _ = shown(tmp_path)
    assert "no score yet" in words


def test_a_folder_without_a_run_is_refused_with_the_next_step(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run\.json is missing"):
        page.write(tmp_path)


def test_a_blocked_run_says_where_and_is_not_relied_on(tmp_path):
    folder = made.build(tmp_path, stages=["audit"])
    blocked = made.verdict("split", "blocker", "every class needs 3 pictures", 0.1, {})
    made.write_events(folder, [*made.read_events(folder), blocked])
    words, _ = shown(folder)
    assert "Not to be relied on" in words
    assert "The split blocked the run: every class needs 3 pictures." in words


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        ({"accuracy": 0.40, "low": 0.31, "high": 0.49, "n": 120, "use": 1}, "so the lead is not certain"),
        ({"accuracy": 0.30, "low": 0.25, "high": 0.35, "n": 300, "use": 1}, "the network has brought nothing yet"),
        ({"accuracy": 0.80, "low": 0.75, "high": 0.84, "n": 300, "use": 3}, "This was use 3 of this test split"),
        ({"accuracy": 0.80, "low": 0.60, "high": 0.92, "n": 20, "use": 1}, "more of them would narrow it"),
    ],
)
def test_the_summary_says_what_limits_the_trust(copy, detail, says):
    def measure(event):
        if event["event"] == "verdict" and event["stage"] == "test":
            event["detail"] = detail

    change(copy, measure)
    assert says in shown(copy)[0]


def test_a_clean_run_is_said_to_be_so(copy):
    def heal(event):
        if event.get("severity") in ("warning", "note"):
            event["severity"] = "pass"

    change(copy, heal)
    words, _ = shown(copy)
    assert "Nothing speaks against it" in words


def test_losses_that_are_no_numbers_leave_gaps_and_are_counted(copy):
    odd = iter([None, float("nan"), float("inf"), float("-inf"), 1e308, "a lot"])

    def break_loss(event):
        if event["event"] == "metrics":
            event["loss"] = next(odd, event["loss"])
            event["update_ratio"] = 0.0 if event["step"] % 3 else None
        if event["event"] == "scores" and event["step"] > 400:
            event["scores"] = dict.fromkeys(event["scores"])

    change(copy, break_loss)
    words, _ = shown(copy)
    assert "Red crosses: 5 batches whose loss was not a finite number." in words


def test_a_run_in_which_everything_diverged_has_a_page(copy):
    def diverge(event):
        if event["event"] == "trial":
            event.update(score=None, diverged=True)
        if event["event"] == "metrics":
            event.update(loss=None, lr=None, update_ratio=None)
        if event["event"] == "scores":
            event["scores"] = dict.fromkeys(event["scores"])

    change(copy, diverge)
    assert "34 diverged" in shown(copy)[0]


def test_several_objectives_and_foreign_scores_are_drawn(copy):
    steps = range(1, 40)
    metrics = [
        {"event": "metrics", "step": s, "objective": name, "loss": 1 / s, "lr": 0.1, "epoch": None}
        for s in steps
        for name in ("critic", "generator")
    ]
    scores = [{"event": "scores", "step": s, "scores": {"episode_return": -50.0 + s}} for s in steps]
    made.write_events(copy, [{"event": "started"}, *metrics, *scores])
    words, _ = shown(copy)
    assert "critic" in words
    assert "Episode return" in words
    assert "step" in words


def test_an_interruption_and_its_resumption_are_told(copy):
    events = made.read_events(copy)
    cut = next(i for i, event in enumerate(events) if event.get("step", 0) > 300)
    break_ = [
        {"event": "stopped", "step": 300, "why": "interrupted"},
        {"event": "stopped", "stage": "train", "why": "interrupted"},
        {"event": "opened"},
        {"event": "resumed", "step": 300},
    ]
    made.write_events(copy, [*events[:cut], *break_, *events[cut:]])
    words, _ = shown(copy)
    assert "Stopped at step 300: interrupted. Resumed at step 300." in words
    assert "Dotted: where the run was resumed." in words


def test_events_of_odd_shapes_do_no_harm(copy):
    odd = [
        {"event": "verdict", "stage": "audit", "severity": "purple", "line": None, "detail": [1, 2]},
        {
            "event": "verdict",
            "stage": "test",
            "severity": None,
            "detail": {"accuracy": "high", "n": None, "use": "one"},
        },
        {
            "event": "verdict",
            "stage": "checks",
            "severity": "pass",
            "detail": {"findings": ["?", {"what": 3, "names": "a"}]},
        },
        {"event": "trial", "settings": None, "score": "good"},
        {"event": "finding"},
        {"event": "scores", "scores": []},
        {"event": "metrics"},
        {"event": "resumed", "step": 700},
        {"event": "something new", "detail": {"a": [None]}},
    ]
    made.write_events(copy, [*made.read_events(copy), *odd])
    shown(copy)


def test_predictions_that_are_no_probabilities_are_left_out_and_said(copy):
    tensors = {"test.probabilities": torch.full((6, 2), 0.5), "test.labels": torch.tensor([0, 1, 0, 1, 0, 9])}
    tensors["test.probabilities"][0] = float("nan")
    tensors["test.probabilities"][1] = torch.tensor([-2.0, 3.0])
    save_file(tensors, copy / "evidence.safetensors")
    assert "3 of its answers held no probabilities" in shown(copy)[0]


def test_damaged_files_are_named_and_the_rest_is_shown(copy):
    (copy / "evidence.safetensors").write_bytes(b"torn")
    (copy / "run.json").write_text('{"name": ')
    with (copy / "events.jsonl").open("a") as file:
        file.write('{"event": "metr')
    words, _ = shown(copy)
    assert "run.json is damaged" in words
    assert "evidence.safetensors cannot be read" in words


def test_a_diverged_first_layer_is_shown_without_a_warning(copy):
    filters = torch.from_numpy(made.filters(np.random.default_rng(0)))
    filters[0, 0, 0, 0], filters[1] = float("nan"), 0
    save_file({"filters": filters}, copy / "evidence.safetensors", {"facts": json.dumps({})})
    assert "First-layer filters" in shown(copy)[0]


def test_later_measurements_on_other_pictures_are_listed(copy):
    event = {"event": "evaluation", "source": "photos/new", "accuracy": 0.5, "low": 0.3, "high": 0.7, "n": 20, "use": 2}
    made.write_events(copy, [*made.read_events(copy), event])
    words, _ = shown(copy)
    assert "photos/new 50.0 % of 20 pictures, 95 % interval 30.0 % to 70.0 %, use 2 of this test split" in words


def test_numbers_are_written_as_people_write_them():
    assert percent(0.683) == "68.3\u00a0%"
    assert percent(None) == percent(float("nan")) == points("x") == "–"
    assert [plain(x) for x in (1e-5, 0.001, 12, 12345.0, None, "as it is")] == [
        "1e-05",
        "0.001",
        "12",
        "12\u2009345",
        "",
        "as it is",
    ]
    assert [duration(s).replace("\u00a0", " ") for s in (3.24, 161, 7500, -1, None)] == [
        "3.2 s",
        "2 min 41 s",
        "2 h 5 min",
        "",
        "",
    ]
    assert date("2026-02-25T06:13:20+00:00") == "25 February 2026, 06:13 UTC"
    assert date("some day") == "some day"
    assert short("abcdefghij", 5) == "ab…ij"
    assert all(len(short("x" * 50, n)) == n for n in range(1, 50))
