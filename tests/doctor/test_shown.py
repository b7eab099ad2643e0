"""A diagnosis is shown as text for a terminal and as a piece of a page for a notebook."""

import html.parser
import math
import re
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from visus.doctor._page import page
from visus.doctor._text import WIDTH, text
from visus.doctor.finding import Finding

HOT = Finding(
    "warning",
    "an update moves the weights by 0.8 of their size",
    against="0.0001 to 0.01",
    cause="each step overshoots the valley it descends into",
    remedy="lower the learning rate",
    kind="learning_rate_too_high",
    where="lr",
    change={"lr": {"times": 0.1}},
    weight=0.9,
)
SOFTMAX = Finding(
    "warning",
    "rows of the outputs add up to one",
    remedy="hand raw scores to the loss",
    kind="activation_before_loss",
    where="layer head.2",
    weight=0.4,
)
DEAD = Finding("note", "12 of 64 units are dead", kind="dead_units", where="layer 1")
COMPILED = "the layers: the model is compiled; its layers are not looked into"


@dataclass
class Diagnosed:
    """What the doctor's Diagnosis promises to have."""

    alarm: bool = False
    outcome: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(state="fine", reasons=["loss fell to 0.1"])
    )
    causes: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    unexamined: list = field(default_factory=list)
    steps: int = 100
    first_alarm: int | None = None
    settings: dict = field(default_factory=dict)
    curves: dict = field(default_factory=dict)


def hurt(**changes):
    outcome = SimpleNamespace(state="hurt", reasons=["the loss is that of a blind guess", "accuracy 0.11 is chance"])
    return Diagnosed(**{"alarm": True, "outcome": outcome, "causes": [HOT, SOFTMAX], "first_alarm": 24} | changes)


def words(shown):
    """The text of a page, as a reader sees it."""
    shown = re.sub(r"<style>.*?</style>", "", shown, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", shown)).split())


def test_the_first_line_of_an_alarm_tells_what_hurts_and_the_likeliest_cause():
    first = text(hurt()).splitlines()[0]
    assert first == (
        "ALARM after 100 steps: the loss is that of a blind guess. Most likely cause: learning rate too high (lr)."
    )


def test_the_first_line_of_a_mistake_in_itself_names_it_even_if_the_outcome_does_not_suffer():
    first, _, second, *_ = text(Diagnosed(alarm=True, causes=[SOFTMAX])).splitlines()
    assert first.startswith("ALARM after 100 steps: rows of the outputs add up to one. Most likely cause: activation")
    assert second.strip() == "Loss fell to 0.1"


def test_the_first_line_of_a_healthy_run_says_so_and_why():
    assert text(Diagnosed()) == "Healthy after 100 steps: loss fell to 0.1."


def test_a_run_that_tells_nothing_yet_is_called_neither_healthy_nor_ill():
    shown = text(Diagnosed(outcome=SimpleNamespace(state="unclear", reasons=[]), steps=1))
    assert shown == "No alarm after 1 step: nothing shows that the outcome is hurt, nor yet that it is good."


@pytest.mark.parametrize("show", [text, lambda d: words(page(d))], ids=["text", "page"])
def test_everything_that_was_found_is_shown(show):
    shown = " ".join(show(hurt(notes=[DEAD], unexamined=[COMPILED])).split())
    for finding in (HOT, SOFTMAX, DEAD):
        for part in (finding.what, finding.against, finding.cause, finding.remedy, finding.where):
            assert part in shown
    assert shown.index(HOT.what) < shown.index(SOFTMAX.what) < shown.index(DEAD.what)
    assert "the layers, because the model is compiled" in shown
    assert "accuracy 0.11 is chance" in shown.replace("Accuracy", "accuracy")
    assert "first alarm came after 24 steps" in shown


@pytest.mark.parametrize(
    ("change", "settings", "lines"),
    [
        ({"lr": {"times": 0.1}}, {"lr": 10}, ["- lr = 10", "+ lr = 1"]),
        ({"lr": {"times": 0.1}}, {}, ["+ lr = 0.1 × what it is"]),
        ({"weight_decay": 0.0}, {"weight_decay": 5e-4}, ["- weight_decay = 0.0005", "+ weight_decay = 0"]),
        ({"shuffle": True}, {"shuffle": False}, ["- shuffle = False", "+ shuffle = True"]),
        ({"lr": {"times": 0.1}}, {"lr": [0.1, 0.2]}, ["- lr = [0.1, 0.2]", "+ lr = 0.1 × what it is"]),
    ],
)
def test_the_change_proposed_is_a_diff(change, settings, lines):
    cause = Finding("warning", "too much", kind="learning_rate_too_high", change=change)
    found = hurt(causes=[cause], settings=settings)
    assert [line.strip() for line in text(found).splitlines() if line.startswith(("    -", "    +"))] == lines
    assert " ".join(lines) in words(page(found))


def test_lines_of_text_fit_a_terminal_but_for_the_verdict():
    long = Finding("warning", "word " * 60, kind="plateau", cause="cause " * 40, remedy="remedy " * 40)
    lines = text(hurt(causes=[long], notes=[long], unexamined=["what: " + "why " * 60])).splitlines()
    assert max(map(len, lines[1:])) <= WIDTH


def test_a_layer_cannot_send_commands_to_the_terminal():
    evil = Finding("warning", "\x1b[31mred\x07\nALARM", kind="plateau", where="\x9b2J\u202e\r")
    shown = text(hurt(causes=[evil], unexamined=["\x1b]0;title\x07"]))
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_a_layer_cannot_send_code_to_the_notebook():
    evil = "</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}"
    finding = Finding("warning", evil, evil, evil, evil, kind=evil, where=evil, change={evil: evil})
    found = hurt(causes=[finding], notes=[finding], unexamined=[evil], settings={evil: evil})
    found.outcome.reasons = [evil, evil]
    found.curves = {"loss": [[0, evil], [evil, 1], [2, 1.0], [3, 2.0]], evil: [[0, 1]]}
    tags = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attributes):
            tags.append((tag, dict(attributes)))

    Reader().feed(page(found))
    assert {tag for tag, _ in tags}.isdisjoint({"script", "img", "link", "iframe"})
    assert not any(name.startswith("on") or name in ("href", "src") for _, attributes in tags for name in attributes)
    assert sum(tag == "style" for tag, _ in tags) == 1
    assert "49" not in words(page(found))


def test_the_page_is_a_piece_that_fits_a_phone_and_needs_nothing_from_elsewhere():
    shown = page(hurt(curves={"loss": [[i, 1 / (i + 1)] for i in range(99)], "validation": [[9, 1.0], [90, 0.5]]}))
    assert shown.lstrip().startswith("<section")
    assert shown.count("<svg") == 1
    assert shown.count("<path") == 3  # training, validation, the first alarm
    assert "light-dark(" in shown
    assert "@media (max-width" in shown
    assert not re.search(r"https?:|url\(|@import|<link", shown)
    selectors = re.findall(r"^([^\n{}/]+?) \{", re.search(r"<style>(.*?)</style>", shown, re.S)[1], re.M)
    assert all(".visus-diagnosis" in one for s in selectors for one in s.split(",") if "@media" not in one)


@pytest.mark.parametrize(
    "curve",
    [[], None, [[0, 1.0]], [[0, math.nan], [1, math.inf]], [[0, None], [1, "x"]], [3, 4], {"a": 1}],
    ids=["empty", "none", "one", "not finite", "no numbers", "flat list", "mapping"],
)
def test_a_curve_that_cannot_be_drawn_is_left_out(curve):
    assert "<svg" not in page(hurt(curves={"loss": curve}))


@pytest.mark.parametrize("values", [[1.0] * 5, [0.0] * 5, [1e-30, 1e29, 1.0], [-2.0, -1.0, math.nan, -3.0]])
def test_a_strange_curve_stays_within_the_drawing(values):
    shown = page(hurt(curves={"loss": list(enumerate(values))}, first_alarm=9999))
    paths = re.findall(r'<path d="M([^"]*)" stroke="var\(--orange\)"', shown)
    numbers = [float(n) for n in re.findall(r"[-\d.]+", paths[0])]
    assert all(0 <= n <= 600 for n in numbers)


def test_a_page_stays_small_however_long_the_run():
    long = [[i, math.sin(i)] for i in range(100_000)]
    assert len(page(hurt(curves={"loss": long, "validation": long}))) < 40_000
