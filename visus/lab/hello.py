"""What does a character model compute at each step, and why is its answer drawn rather than the likeliest?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..engine.objective import Batch
from ..engine.seed import own_randomness
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, INK, MUTED, ORANGE, draw, legend, percent
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._sequences import Reader, learn, one_hot

SYMBOLS = "helo"  # the textbook's order
WORD = "hello"
WORDS = {"hello": 0.5, "hole": 0.3, "heel": 0.2}  # of the second text: from the same four letters
WRITERS, LETTERS = 200, 100  # texts that the second model writes side by side, and their length
BY_STATE = "After l comes l the first time and o the second: only the state can tell the two apart."
QUICK = {"steps": 3, "text_steps": 3}


def run(
    steps: Annotated[int, Limits(1, 1_000_000), About("steps on the one word; more make it surer")] = 60,
    hidden: Annotated[int, Limits(1, 1000), About("units of its network; the textbook draws 3")] = 3,
    text_steps: Annotated[int, Limits(1, 1_000_000), About("steps on the text of three words")] = 400,
    seed: Annotated[int, Limits(0), About("of weights, text and drawing")] = 0,
) -> Exhibit:
    word = learn(partial(Reader, "rnn", 4, hidden, 4), _the_word, _next, steps=steps, lr=0.03, seed=seed)
    states, chances = _steps(word.network)
    text = learn(partial(Reader, "lstm", 4, 32, 4), _some_text, _next, steps=text_steps, lr=0.01, seed=seed)
    drawn, (likeliest,) = _written(text.network, seed, WRITERS), _written(text.network, seed, 0)
    shares = {name: _shares(said) for name, said in (("drawn", drawn), ("likeliest", [likeliest]))}
    findings = [_finding(word.losses, chances, steps), BY_STATE, *_text_findings(shares, likeliest)]
    rows = [[w, f"{p:.0%}", *(f"{shares[name].get(w, 0):.1%}" for name in shares)] for w, p in WORDS.items()]
    rows.append(["other", "0%", *(f"{max(0.0, 1 - sum(s.values())):.1%}" for s in shares.values())])
    return Exhibit(
        "A model of four letters",
        findings,
        [_unrolled(states, chances), _words(shares)],
        tables=[Table("Words written", ["word", "the text", "drawn", "likeliest"], rows)],
        data={"chances": chances.tolist(), "states": states.tolist(), "shares": shares},
    )


def _finding(losses: Sequence[float], chances: NDArray[np.float32], steps: int) -> str:
    right = [f"'{letter}' {chances[t, SYMBOLS.index(letter)]:.0%}" for t, letter in enumerate(WORD[1:])]
    return (
        f"After {steps} steps the right next letter of '{WORD}' gets {', '.join(right)}; the loss went from "
        f"{losses[0]:.2f} (a blind guess: ln 4 = 1.39) to {losses[-1]:.3f} nats."
    )


def _text_findings(shares: Mapping[str, Mapping[str, float]], likeliest: str) -> list[str]:
    taught, drawn = (", ".join(f"{w} {found[w]:.0%}" for w in WORDS) for found in (WORDS, shares["drawn"]))
    most = max(shares["likeliest"].values())
    return [
        f"Taught a text of three words ({taught}), a model that draws its next letter writes {drawn}.",
        f"The same model, taking the likeliest letter each time, writes '{likeliest[:20]}...': "
        + (f"{most:.0%} of its words are one word." if most else "none of the words."),
    ]


def _the_word() -> Batch:
    symbols = torch.tensor([[SYMBOLS.index(letter) for letter in WORD]])
    return symbols[:, :-1], symbols[:, 1:]


def _some_text(lanes: int = 16, length: int = 24) -> Batch:
    """Windows of words drawn one after another, each window from the beginning of a word."""
    words = list(WORDS)
    picks = torch.multinomial(torch.tensor(list(WORDS.values())), lanes * length, replacement=True).view(lanes, length)
    texts = ["".join(words[k] for k in row)[: length + 1] for row in picks.tolist()]
    symbols = torch.tensor([[SYMBOLS.index(letter) for letter in text] for text in texts])
    return symbols[:, :-1], symbols[:, 1:]


def _next(network: nn.Module, batch: Batch) -> Tensor:
    inputs, targets = batch
    return F.cross_entropy(network(one_hot(inputs, 4))[0].flatten(0, 1), targets.flatten())


@torch.no_grad()
def _steps(network: nn.Module) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each letter of the word but the last: the state (T, H) after it, and the chances (T, 4) of what follows."""
    inputs, _ = _the_word()
    scores, _ = network(one_hot(inputs, 4))
    assert isinstance(network, Reader)
    states, _ = network.recurrent(one_hot(inputs, 4))
    return states[0].numpy(), scores[0].softmax(1).numpy()


@torch.no_grad()
def _written(network: nn.Module, seed: int, draws: int) -> list[str]:
    """Texts, each letter drawn from its probabilities and read again as the next input; one of the likeliest for 0."""
    assert isinstance(network, Reader)
    lanes = max(1, draws)
    letters, state = torch.zeros(lanes, 1, dtype=torch.long), network.recurrent.start(lanes)
    said = [letters]
    with own_randomness(seed):
        for _ in range(LETTERS):
            scores, state = network(one_hot(letters, 4), state)
            chances = scores[:, -1].softmax(1)
            letters = torch.multinomial(chances, 1) if draws else chances.argmax(1, keepdim=True)
            said.append(letters)
    return ["".join(SYMBOLS[k] for k in text) for text in torch.cat(said, 1).tolist()]


def _shares(texts: Sequence[str]) -> dict[str, float]:
    """Each word's share of the words in texts without gaps; every word begins with its only h, the last may be cut."""
    found = Counter("h" + rest for text in texts for rest in text[1:].split("h")[:-1])
    return {word: found[word] / max(1, found.total()) for word in WORDS}


def _unrolled(states: NDArray[np.float32], chances: NDArray[np.float32]) -> Chart:
    """A column a step, as on the textbook's slide: the letter read, the state, and the chances of the next."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set(xlim=(-0.75, len(chances) - 0.4), ylim=(-0.2, 3.15))
        axes.set_axis_off()
        for t, letter in enumerate(WORD[:-1]):
            _box(axes, t, 0.0, f"reads {letter}", [float(letter == symbol) for symbol in SYMBOLS], list(SYMBOLS))
            _box(axes, t, 1.2, "state", states[t].tolist(), [])
            _box(axes, t, 2.4, "chances", chances[t].tolist(), list(SYMBOLS), right=SYMBOLS.index(WORD[t + 1]))
            for low, high in ((0.75, 1.15), (1.95, 2.2)):
                axes.annotate("", (t, high), (t, low), arrowprops={"arrowstyle": "->", "color": MUTED})
            if t:
                axes.annotate("", (t - 0.36, 1.5), (t - 0.64, 1.5), arrowprops={"arrowstyle": "->", "color": ORANGE})

    reading = (
        "From below: the letter read, the state that is handed on to the right, and the chances of each next letter; "
        "green is the right one. Bars of the state reach from -1 to 1."
    )
    return Chart(f"'{WORD}', step by step", draw(paint, 330), reading)


def _box(
    axes: Axes, t: int, bottom: float, title: str, values: Sequence[float], names: Sequence[str], right: int = -1
) -> None:
    """Bars of values in [-1, 1], side by side, in a box 0.7 wide and 0.5 high."""
    signed = not names
    middle = bottom + (0.25 if signed else 0.0)
    width = 0.68 / len(values)
    for k, value in enumerate(values):
        colour = GREEN if k == right else BLUE
        axes.bar(t - 0.34 + width * (k + 0.5), value * (0.25 if signed else 0.5), width * 0.8, middle, color=colour)
        if names:
            axes.text(t - 0.34 + width * (k + 0.5), bottom - 0.03, names[k], ha="center", va="top", fontsize=9)
    axes.plot([t - 0.34, t + 0.34], [middle, middle], color=MUTED, linewidth=0.8)
    axes.text(t, bottom + 0.53, title, ha="center", va="bottom", fontsize=9, color=INK)


def _words(shares: dict[str, dict[str, float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        columns = {
            "the text": (WORDS, MUTED),
            "drawn": (shares["drawn"], GREEN),
            "likeliest": (shares["likeliest"], ORANGE),
        }
        for k, (name, (found, colour)) in enumerate(columns.items()):
            axes.bar(np.arange(len(WORDS)) + 0.27 * (k - 1), [found[w] for w in WORDS], 0.25, color=colour, label=name)
        axes.set_xticks(range(len(WORDS)), list(WORDS))
        percent(axes, "y")
        axes.set(ylabel="share of the words")
        legend(axes)

    reading = (
        "Drawing from the probabilities gives the text's own shares; the likeliest letter, the same word for ever."
    )
    return Chart("Drawn against likeliest", draw(paint, 230), reading)
