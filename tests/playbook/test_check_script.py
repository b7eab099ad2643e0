"""Any training script is listened to, rebuilt as a task and examined; one that cannot be is told so in a sentence."""

import json
import textwrap

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from visus.cli._app import run
from visus.doctor import preflight
from visus.doctor.finding import NOTE, PASS, SEVERITIES
from visus.doctor.script import conduct
from visus.doctor.script.listener import Listener
from visus.doctor.script.task import NotFollowedError, ScriptTask

DATA = """
    import torch
    from torch import nn
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, TensorDataset
    torch.manual_seed(0)
    Y = torch.randint(4, (200,))
    X = 2 * F.one_hot(Y, 12).float() + torch.randn(200, 12)
"""
MODEL = """
    model = nn.Sequential(nn.Linear(12, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
"""
LOOP = """
    for epoch in range(100):
        for x, y in DataLoader(TensorDataset(X, Y), 32, shuffle=True):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
"""
SCRIPT = DATA + MODEL + LOOP


class Enough(BaseException):
    """Raised where the child process would begin to examine."""


def hear(source):
    """What is heard of a script that runs in this process, up to its fourth step; its variables."""

    def enough(seen):
        raise Enough

    listener, scope = Listener(enough), {"__name__": "__main__"}
    with pytest.raises(Enough), listener.listening(), torch.random.fork_rng():
        exec(compile(textwrap.dedent(source), "train.py", "exec"), scope)
    return listener.seen, scope


def rebuilt(source):
    seen, scope = hear(source)
    names = {id(value): name for name, value in scope.items() if isinstance(value, nn.Module | torch.optim.Optimizer)}
    return ScriptTask(seen, names), seen, scope


def severities(task):
    return {examined.name: examined.severity for examined in preflight.examine(task)}


def alarms(task):
    return {name for name, severity in severities(task).items() if SEVERITIES.index(severity) > SEVERITIES.index(NOTE)}


def test_a_healthy_script_passes_every_examination():
    task, seen, _ = rebuilt(SCRIPT)
    assert set(severities(task).values()) == {PASS}
    assert [finding.severity for finding in conduct.examine(seen, {})] == [PASS]
    assert [finding.severity for finding in task.fidelity()] == [PASS]
    assert {name for name, _ in task.named_parameters()} == {
        f"model.{name}" for name in ("0.weight", "0.bias", "1.weight", "1.bias", "4.weight", "4.bias")
    }


def test_the_weights_examined_are_those_before_the_first_step():
    first, _, _ = rebuilt(SCRIPT)
    torch.manual_seed(0)
    with torch.random.fork_rng():
        scope = {}
        exec(textwrap.dedent(DATA + MODEL), scope)
    assert all(torch.equal(p, q) for p, q in zip(first.parameters(), scope["model"].parameters(), strict=True))
    assert not any(torch.count_nonzero(p.grad) for p in first.parameters() if p.grad is not None)


def test_listening_leaves_torch_as_it_was():
    before = nn.Module.__call__, torch.autograd.backward, torch.autograd.grad, DataLoader.__iter__
    hear(SCRIPT)
    assert before == (nn.Module.__call__, torch.autograd.backward, torch.autograd.grad, DataLoader.__iter__)


def test_the_last_batch_of_an_epoch_is_as_short_as_the_loader_will_make_it():
    task, _, _ = rebuilt(SCRIPT)
    assert task.steps_per_epoch == 7
    assert len(next(iter(task.batches(6)))[0]) == 200 - 6 * 32


@pytest.mark.parametrize(
    ("healthy", "ill", "name"),
    [
        ("criterion(model(x), y)", "criterion(model(x).softmax(1), y)", "head"),
        ("nn.CrossEntropyLoss()", "nn.CrossEntropyLoss(reduction='sum')", "head"),
        ("model.parameters(), lr", "model[4].parameters(), lr", "every_update"),
        ("model(x), y)", "model(1000 + 300 * x), y)", "inputs"),
        ("model(x), y)", "model(0 * x), y)", "beats_blank"),
        ("(X, Y)", "(X[:193], Y[:193])", "batch_norm_single"),
    ],
)
def test_what_is_planted_in_a_script_is_found(healthy, ill, name):
    assert healthy in SCRIPT
    source = SCRIPT.replace(healthy, ill)
    source = source.replace("nn.BatchNorm1d(32), ", "") if name == "inputs" else source  # which would absorb the scale
    task, _, _ = rebuilt(source.replace("for epoch in range(100):", "while True:"))
    assert SEVERITIES.index(preflight.examine_one(name, task).severity) > SEVERITIES.index(NOTE)


@pytest.mark.parametrize(
    ("healthy", "ill", "kind"),
    [
        ("optimizer.zero_grad()", "pass", "gradients_not_cleared"),
        ("loss.backward()", "loss.backward(); optimizer.zero_grad()", "gradients_cleared_before_step"),
        ("criterion = ", "model.eval(); criterion = ", "trained_in_eval_mode"),
        ("criterion = ", "import copy; model = copy.deepcopy(model); criterion = ", "optimizer_of_another_model"),
        ("weight_decay=1e-4", "maximize=True", "loss_maximised"),
    ],
)
def test_what_the_loop_does_wrong_is_heard(healthy, ill, kind):
    assert healthy in SCRIPT
    seen, _ = hear(SCRIPT.replace(healthy, ill))
    assert kind in {finding.kind for finding in conduct.examine(seen, {})}


OTHERS = {
    "two adversaries": """
        G, D = nn.Linear(4, 12), nn.Sequential(nn.Linear(12, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
        g, d = torch.optim.Adam(G.parameters(), 1e-3), torch.optim.Adam(D.parameters(), 1e-3)
        score = F.binary_cross_entropy_with_logits
        for step in range(100):
            fake, real = G(torch.randn(32, 4)), X[torch.randint(200, (32,))]
            d.zero_grad()
            (score(D(real), torch.ones(32, 1)) + score(D(fake.detach()), torch.zeros(32, 1))).backward()
            d.step()
            g.zero_grad()
            score(D(fake), torch.ones(32, 1)).backward()
            g.step()
    """,
    "encoder and decoder": """
        encode, decode = nn.Linear(12, 12), nn.Linear(12, 12)
        optimizer = torch.optim.Adam([*encode.parameters(), *decode.parameters()], 1e-2)
        for i in range(40):
            x = X[i % 5 * 32 : i % 5 * 32 + 32]
            optimizer.zero_grad()
            ((decode(encode(x).tanh()) - x) ** 2).mean().backward()
            optimizer.step()
    """,
    "loss inside, named arguments": """
        from dataclasses import dataclass
        @dataclass
        class Answer:
            loss: torch.Tensor
            logits: torch.Tensor
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 4))
            def forward(self, x, labels):
                logits = self.net(x)
                return Answer(F.cross_entropy(logits, labels), logits)
        net = Net()
        optimizer = torch.optim.AdamW(net.parameters(), 1e-2)
        for i in range(40):
            at = torch.randint(200, (32,))
            optimizer.zero_grad()
            net(x=X[at], labels=Y[at]).loss.backward()
            optimizer.step()
    """,
    "weights without a module": """
        w, b = torch.zeros(12, 4, requires_grad=True), torch.zeros(4, requires_grad=True)
        optimizer = torch.optim.SGD([w, b], 0.1)
        for i in range(40):
            optimizer.zero_grad()
            scores = X @ w + b
            margins = (scores - scores.gather(1, Y[:, None]) + 1).clamp(min=0)
            ((margins.sum(1) - 1).mean() + 1e-3 * (w**2).sum()).backward()
            optimizer.step()
    """,
    "accumulated, scaled, in bfloat16": """
        net = nn.Sequential(nn.Linear(12, 20), nn.Tanh(), nn.Linear(20, 4))
        optimizer = torch.optim.SGD(net.parameters(), 0.5)
        scaler = torch.amp.GradScaler("cpu")
        for i in range(60):
            at = torch.randint(200, (16,))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = F.cross_entropy(net(X[at]), Y[at]) / 4
            scaler.scale(loss).backward()
            if i % 4 == 3:
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
    """,
    "an optimizer that asks for the loss": """
        net = nn.Linear(12, 4)
        optimizer = torch.optim.LBFGS(net.parameters(), max_iter=3)
        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X), Y)
            loss.backward()
            return loss
        for i in range(40):
            optimizer.step(closure)
    """,
    "sequences flattened into the batch": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.table, self.net = nn.Embedding(9, 16), nn.Linear(16, 9)
            def forward(self, words):
                return self.net(self.table(words).tanh())
        net = Net()
        optimizer = torch.optim.AdamW(net.parameters(), 1e-2)
        for i in range(40):
            words = torch.randint(9, (16, 6))
            optimizer.zero_grad()
            F.cross_entropy(net(words).view(-1, 9), (words + 1).remainder(9).view(-1)).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    """,
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_kinds_of_healthy_training_raise_no_alarm(name):
    task, seen, _ = rebuilt(textwrap.dedent(DATA) + textwrap.dedent(OTHERS[name]))
    assert {finding.severity for finding in conduct.examine(seen, {})} == {PASS}
    assert {finding.severity for finding in task.fidelity()} <= {PASS, NOTE}
    assert not alarms(task)


def test_a_loss_made_out_of_sight_is_refused_with_the_reason():
    seen, _ = hear(DATA + """
    net = nn.Linear(12, 4)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for i in range(9):
        for p in net.parameters():
            p.grad = torch.ones_like(p)
        optimizer.step()
    """)  # fmt: skip
    with pytest.raises(NotFollowedError, match=r"no backward\(\) was heard"):
        ScriptTask(seen, {})


def test_a_network_that_cannot_be_copied_is_refused_with_the_reason():
    source = SCRIPT.replace("criterion = ", "import threading; model.lock = threading.Lock(); criterion = ")
    task, _, _ = rebuilt(source)
    with pytest.raises(NotFollowedError, match="cannot be copied"):
        task.fidelity()


def script(tmp_path, source):
    path = tmp_path / "train.py"
    path.write_text(textwrap.dedent(source))
    return str(path)


def test_visus_check_runs_a_script_with_its_arguments_and_stops_it_before_it_saves(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    source = (
        SCRIPT
        + """
    torch.save(model.state_dict(), "model.pt")
    """
    )
    source = source.replace(
        "for epoch in range(100):", "import sys; assert sys.argv[1:] == ['--epochs', '5']\n    while True:"
    )
    assert run(["check", script(tmp_path, source), "--json", "--", "--epochs", "5"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["severity"] == PASS
    assert {e["name"] for e in found["examinations"]} == {"loop", "replay", *preflight.names()}
    assert [path.name for path in tmp_path.iterdir()] == ["train.py"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import torch\nx = torch.zeros(3)\nx @ torch.zeros(4)", "it failed with RuntimeError"),
        ("print('nothing to learn')", "it ended"),
        ("import os; print('good', 'bye', flush=True); os._exit(1)", "its last words: good bye"),
    ],
    ids=["crash", "no training", "sudden end"],
)
def test_a_script_that_never_trains_ends_in_one_sentence(source, sentence, tmp_path, capsys):
    assert run(["check", script(tmp_path, source)]) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1
    if "@" in source:
        assert "(line 3: x @ torch.zeros(4))" in error


def test_a_script_that_takes_too_long_is_ended(tmp_path, capsys):
    assert run(["check", script(tmp_path, "while True: pass"), "--limit", "0.5"]) == 1
    assert "had taken no step of training after 0.5 s; give it longer with --limit" in capsys.readouterr().err
