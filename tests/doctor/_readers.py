"""Small models of sequences in plain loops, watched by a doctor, and what can be planted into them."""

from dataclasses import dataclass
from functools import cache

import torch
from torch import nn
from torch.nn import functional as F

import visus
from visus.doctor.diagnosis import diagnose

STEPS, ROWS, WINDOW = 64, 12, 20


@cache
def text(n=6000):
    """Sentences out of a small grammar, as character numbers."""
    dice = torch.Generator().manual_seed(0)

    def pick(words):
        return words[int(torch.randint(len(words), (), generator=dice))]

    made = ""
    while len(made) < n:
        subject = f"{pick(['the', 'a'])} {pick(['old ', 'young ', ''])}{pick(['cat', 'dog', 'bird'])}"
        made += f"{subject} {pick(['sees', 'hears', 'likes'])} {pick(['the', 'a'])} {pick(['cat', 'dog', 'bird'])}. "
    symbols = sorted(set(made))
    return torch.tensor([symbols.index(c) for c in made[:n]]), len(symbols)


class Reader(nn.Module):
    """Tokens (B, T) and a state -> scores (B, T, V) of the next ones, and the state behind them."""

    def __init__(self, v, cell=nn.LSTM, hidden=32, **settings):
        super().__init__()
        self.embed, self.cells = nn.Embedding(v, 16), cell(16, hidden, **{"batch_first": True} | settings)
        self.head = nn.Linear(hidden * (2 if self.cells.bidirectional else 1), v)

    def forward(self, tokens, state=None):
        outputs, state = self.cells(self.embed(tokens), state)
        return self.head(outputs), state


def both_ways(v):
    """It reads in both directions, and so knows what comes."""
    return Reader(v, bidirectional=True)


def time_for_batch(v):
    """Batches come first, and it takes them for steps in time."""
    return Reader(v, batch_first=False)


def freed(state):
    return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()


def streams(step):
    """Rows that go on from window to window."""
    symbols, _ = text()
    length = (len(symbols) - 1) // ROWS
    at = step % (length // WINDOW) * WINDOW
    rows = torch.stack([symbols[r * length + at :][: WINDOW + 1] for r in range(ROWS)])
    return rows[:, :-1], rows[:, 1:]


def anywhere(step):
    """Rows cut out of the text at random."""
    symbols, _ = text()
    starts = torch.randint(len(symbols) - WINDOW - 1, (ROWS,), generator=torch.Generator().manual_seed(step))
    rows = torch.stack([symbols[s : s + WINDOW + 1] for s in starts])
    return rows[:, :-1], rows[:, 1:]


def not_moved(step):
    inputs, _ = anywhere(step)
    return inputs, inputs


@cache
def sentences():
    """The text's sentences, as token numbers; the full stop is the second of the symbols, behind the space."""
    found, row = [], []
    for token in text()[0].tolist():
        row.append(token)
        if token == 1:
            found.append(row)
            row = []
    return found, text()[1]


def padded(step, most=40):
    """Sentences of unequal length, ended by V, behind it V + 1."""
    rows, v = sentences()
    dice = torch.Generator().manual_seed(step)
    chosen = [rows[int(i)][: 12 + int(i) % 28] for i in torch.randint(len(rows), (ROWS,), generator=dice)]
    told = [[*row, v] for row in chosen]
    length = max(map(len, told))
    targets = torch.tensor([row + [v + 1] * (length - len(row)) for row in told])
    inputs = torch.cat([torch.full((ROWS, 1), v), targets[:, :-1]], 1)
    return inputs, targets


def mostly_unknown(step):
    """A vocabulary that knows only the commonest of the symbols: all others are token 0."""
    inputs, targets = anywhere(step)
    common = text()[0].bincount().topk(3).indices
    return tuple(torch.where(torch.isin(x, common), x, torch.zeros_like(x)) for x in (inputs, targets))


def entropy(scores, targets):
    return F.cross_entropy(scores.flatten(0, 1), targets.flatten())


def without_padding(scores, targets):
    return F.cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=text()[1] + 1)


@dataclass(frozen=True)
class Read:
    chart: object
    diagnosis: object

    @property
    def causes(self):
        return [f.kind for f in self.diagnosis.causes]

    def __str__(self):
        said = self.diagnosis
        return "\n".join(
            [f"{said.outcome.state}: {said.outcome.reasons}"]
            + [f"cause {f.weight:.2f} {f.kind}: {f.what}" for f in said.causes]
            + [f"note {f.weight:.2f} {f.kind}: {f.what}" for f in said.notes]
            + [f"not examined: {s}" for s in said.unexamined]
        )


@cache
def read(
    batches=streams, carried=False, model=Reader, loss=entropy, more=0, steps=STEPS, lr=1e-2, max_norm=0.0, writes=None
):
    """Train a language model in a plain loop and diagnose it. more: tokens beside those of the text."""
    torch.manual_seed(0)
    net = model(text()[1] + more)
    rule = torch.optim.Adam(net.parameters(), lr)
    state = None
    with visus.Doctor(net, rule, steps=steps) as doctor:
        for step in range(steps):
            inputs, targets = batches(step)
            outputs, state = net(inputs, freed(state)) if carried and state is not None else net(inputs)
            value = loss(outputs, targets)
            rule.zero_grad()
            value.backward()
            if max_norm:
                nn.utils.clip_grad_norm_(net.parameters(), max_norm)
            rule.step()
            doctor.step(value, inputs=inputs, targets=targets, outputs=outputs)
            if (step + 1) % (steps // 4) == 0:
                net.eval()
                with torch.no_grad():
                    x, y = batches(10_000 + step)
                    held = float(loss(net(x)[0], y))
                    doctor.validate(held, -held, **(writes(net) if writes else {}))
                net.train()
    return Read(doctor.chart, diagnose(doctor.chart))


def remembered(step, far):
    """The first of `far` numbers is asked for at the end; all others are noise. (B, far, 2), (B,)."""
    dice = torch.Generator().manual_seed(step)
    told = torch.randint(2, (32,), generator=dice)
    x = torch.randn(32, far, 2, generator=dice) * 0.3
    x[:, :, 1] = 0
    x[:, 0, 1] = told * 2.0 - 1
    return x, told


class Last(nn.Module):
    """A sequence (B, T, 2) -> two scores, after its last step."""

    def __init__(self, cell, scale=None):
        super().__init__()
        self.cells, self.head = cell(2, 24, batch_first=True), nn.Linear(24, 2)
        if scale is not None:
            nn.init.orthogonal_(self.cells.weight_hh_l0)
            with torch.no_grad():
                self.cells.weight_hh_l0 *= scale

    def forward(self, x):
        return self.head(self.cells(x)[0][:, -1])


@cache
def recall(cell=nn.LSTM, far=24, scale=None, steps=100, lr=1e-2):
    """Train to tell, at the end, what came first."""
    torch.manual_seed(0)
    net = Last(cell, scale)
    rule = torch.optim.Adam(net.parameters(), lr)
    with visus.Doctor(net, rule, steps=steps) as doctor:
        for step in range(steps):
            x, y = remembered(step, far)
            outputs = net(x)
            value = F.cross_entropy(outputs, y)
            rule.zero_grad()
            value.backward()
            rule.step()
            doctor.step(value, inputs=x, targets=y, outputs=outputs)
            if (step + 1) % 30 == 0:
                with torch.no_grad():
                    x, y = remembered(10_000 + step, far)
                    scores = net.eval()(x)
                    doctor.validate(F.cross_entropy(scores, y), (scores.argmax(1) == y).float().mean())
                net.train()
    return Read(doctor.chart, diagnose(doctor.chart))
