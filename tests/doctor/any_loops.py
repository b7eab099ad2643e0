"""Training loops of every kind, as people write them.

A loop calls `doctor = visit.doctor(model, optimizers)`, and `doctor.step(...)` and `visit.note()` at each of its steps;
whether it gets a doctor or nobody, it cannot tell.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

STEPS, BATCH = 24, 16
LOOPS = {}


@dataclass(frozen=True)
class Loop:
    """unexamined: words that the report must say where something cannot be examined. steps: told to the doctor."""

    run: object
    unexamined: str = ""
    steps: int = STEPS
    examined: tuple = ()  # what every sample must hold after the first few


def loop(unexamined="", steps=STEPS, examined=("inputs", "outputs", "update")):
    def keep(run):
        LOOPS[run.__name__] = Loop(run, unexamined, steps, examined)
        return run

    return keep


def digits():
    x, y = load_digits(return_X_y=True)
    return torch.as_tensor(x / 8 - 1, dtype=torch.float32), torch.as_tensor(y)


def batches(steps=STEPS, size=BATCH) -> Iterator:
    x, y = digits()
    for _ in range(steps):
        pick = torch.randint(len(x), (size,))
        yield x[pick], y[pick]


def mlp(*last):
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), *last)


def sgd(model, lr=0.1, **settings):
    return torch.optim.SGD(model.parameters(), lr, **settings)


def descend(visit, model, optimizer, forward=None, whole=None, data=None, loss_of=F.cross_entropy):
    """The textbook loop. forward: from inputs to what is called outputs; whole: the model as the doctor sees it."""
    doctor = visit.doctor(model if whole is None else whole, optimizer)
    for x, y in data or batches():
        optimizer.zero_grad()
        outputs = (forward or model)(x)
        loss = loss_of(outputs, y)
        loss.backward()
        optimizer.step()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note()
    return doctor


# -- networks ---------------------------------------------------------------------------------------------------------


@loop()
def convolutions_with_batch_norm_and_dropout(visit):
    model = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
        nn.Dropout2d(0.2), nn.Flatten(), nn.Dropout(0.3, inplace=True), nn.Linear(8 * 36, 10),
    )  # fmt: skip
    doctor = descend(visit, model, sgd(model, momentum=0.9, weight_decay=1e-4))
    x, y = digits()
    model.eval()
    with torch.no_grad():
        scores = model(x[:200])
    doctor.validate(F.cross_entropy(scores, y[:200]), (scores.argmax(1) == y[:200]).float().mean() * 100)
    model.train()
    visit.note()


@loop()
def a_network_without_a_doctor_s_help(visit):
    """Nothing but the loss and the targets: inputs and outputs are overheard."""
    model = mlp()
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss, targets=y)
        visit.note()


@loop("outputs against targets: no targets were given", examined=("inputs", "update"))
def nothing_but_the_loss(visit):
    model = mlp()
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss)
        visit.note()


class Reader(nn.Module):
    """Rows of a digit as a sequence (B, 8, 8) -> scores (B, 10), and the LSTM's own tuple."""

    def __init__(self):
        super().__init__()
        self.read, self.say = nn.LSTM(8, 16, batch_first=True, dropout=0.1, num_layers=2), nn.Linear(16, 10)

    def forward(self, x):
        states, memory = self.read(x.reshape(-1, 8, 8))
        return self.say(states[:, -1]), memory


@loop()
def an_lstm_that_returns_a_tuple(visit):
    model = Reader()
    descend(visit, model, sgd(model), loss_of=lambda o, y: F.cross_entropy(o[0], y))


@loop()
def packed_sequences(visit):
    class Packed(nn.Module):
        def __init__(self):
            super().__init__()
            self.read, self.say = nn.GRU(8, 16), nn.Linear(16, 10)

        def forward(self, packed):
            return self.say(self.read(packed)[1][-1])

    def pack(x):
        lengths = [8 - i % 3 for i in range(len(x))]
        return nn.utils.rnn.pack_padded_sequence(
            x.reshape(-1, 8, 8), torch.tensor(lengths), batch_first=True, enforce_sorted=False
        )

    model = Packed()
    descend(visit, model, sgd(model), data=((pack(x), y) for x, y in batches()))


@loop()
def outputs_in_a_mapping(visit):
    class Described(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = mlp()

        def forward(self, x):
            return {"aux": None, "logits": self.inside(x), "notes": ["text", 3]}

    model = Described()
    descend(visit, model, sgd(model), loss_of=lambda o, y: F.cross_entropy(o["logits"], y))


@loop("a list of", examined=("update",))
def inputs_and_targets_of_detection(visit):
    """Pictures of unequal size in a list; a mapping with text for each as target."""

    class Detector(nn.Module):
        def __init__(self):
            super().__init__()
            self.see, self.say = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(4, 4)

        def forward(self, pictures):
            return [{"boxes": self.say(self.see(p[None]).mean((2, 3))), "name": "digit"} for p in pictures]

    model, optimizer = Detector(), None
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    for x, y in batches():
        pictures = [p.reshape(1, 8, 8)[:, : 4 + i % 4] for i, p in enumerate(x)]
        targets = [{"boxes": torch.zeros(1, 4), "label": int(label), "file": "a.png"} for label in y]
        outputs = model(pictures)
        loss = sum((o["boxes"] - t["boxes"]).square().mean() for o, t in zip(outputs, targets, strict=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss, inputs=pictures, targets=targets, outputs=outputs)
        visit.note()


@loop()
def one_module_used_twice(visit):
    class Again(nn.Module):
        def __init__(self):
            super().__init__()
            self.enter, self.turn, self.leave = nn.Linear(64, 16), nn.Linear(16, 16), nn.Linear(16, 10)
            self.also_turn = self.turn

        def forward(self, x):
            x = self.enter(x).relu()
            return self.leave(self.also_turn(self.turn(x).relu()).relu())

    model = Again()
    descend(visit, model, sgd(model))


@loop()
def tied_weights(visit):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.say = nn.Embedding(17, 8), nn.Linear(8, 17, bias=False)
            self.say.weight = self.embed.weight

        def forward(self, tokens):
            return self.say(self.embed(tokens).cumsum(1))

    model = Tied()
    tokens = ((x.add(1).mul(8).long(), y) for x, y in batches())
    data = ((t[:, :-1], t[:, 1:]) for t, _ in tokens)
    descend(visit, model, sgd(model), data=data, loss_of=lambda o, y: F.cross_entropy(o.flatten(0, 1), y.flatten()))


@loop(examined=("inputs", "update"))
def sparse_gradients(visit):
    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.say = nn.Embedding(17, 8, sparse=True), nn.Linear(8, 10)

        def forward(self, tokens):
            return self.say(self.embed(tokens).mean(1))

    model = Bag()
    both = [torch.optim.SparseAdam(model.embed.parameters(), 0.01), sgd(model.say)]
    doctor = visit.doctor(model, both)
    for x, y in batches():
        tokens = x.add(1).mul(8).long()
        outputs = model(tokens)
        loss = F.cross_entropy(outputs, y)
        for optimizer in both:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in both:
            optimizer.step()
        doctor.step(loss, inputs=tokens, targets=y, outputs=outputs)
        visit.note()


@loop()
def complex_parameters(visit):
    class Waves(nn.Module):
        def __init__(self):
            super().__init__()
            self.filter = nn.Parameter(torch.randn(64, dtype=torch.complex64))
            self.say = nn.Linear(64, 10)

        def forward(self, x):
            return self.say(torch.fft.ifft(torch.fft.fft(x) * self.filter).abs())

    model = Waves()
    descend(visit, model, torch.optim.Adam(model.parameters(), 1e-2))


@loop("outputs against targets", examined=("inputs", "update"))
def complex_outputs_and_loss(visit):
    model = nn.Linear(64, 3, dtype=torch.complex64)
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    for x, y in batches():
        outputs = model(x.to(torch.complex64))
        loss = outputs.abs().square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss, inputs=x.to(torch.complex64), targets=y, outputs=outputs)
        visit.note()


@loop()
def bfloat16_weights(visit):
    model = mlp().bfloat16()
    descend(visit, model, sgd(model), data=((x.bfloat16(), y) for x, y in batches()))


@loop()
def float16_weights(visit):
    model = mlp().half()
    descend(visit, model, sgd(model, 0.01), data=((x.half(), y) for x, y in batches()))


@loop()
def float64_weights(visit):
    model = mlp().double()
    descend(visit, model, sgd(model), data=((x.double(), y) for x, y in batches()))


@loop()
def weight_and_spectral_norm(visit):
    model = nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Linear(64, 16)),
        nn.ReLU(),
        nn.utils.parametrizations.spectral_norm(nn.Linear(16, 10)),
    )
    descend(visit, model, sgd(model))


@loop("cannot be copied")
def a_network_that_cannot_be_copied(visit):
    class Locked(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside, self.lock = mlp(), threading.Lock()

        def forward(self, x):
            with self.lock:
                return self.inside(x)

    model = Locked()
    descend(visit, model, sgd(model))


@loop()
def a_network_that_throws_dice_of_every_kind(visit):
    class Dice(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside, self.own = mlp(), torch.Generator().manual_seed(3)

        def forward(self, x):
            noise = torch.randn(x.shape, generator=self.own) + np.random.rand() + random.random()  # noqa: NPY002
            return self.inside(x + 0.1 * noise + 0.1 * torch.rand_like(x))

    model = Dice()
    descend(visit, model, sgd(model))


@loop()
def recomputed_activations(visit):
    model = nn.ModuleList([nn.Linear(64, 32), nn.Dropout(0.2), nn.Linear(32, 10)])
    optimizer = sgd(model)

    def forward(x):
        x = torch.utils.checkpoint.checkpoint(model[0], x, use_reentrant=False)
        return model[2](torch.utils.checkpoint.checkpoint(model[1], x, use_reentrant=False))

    descend(visit, model, optimizer, forward)


@loop()
def frozen_layers(visit):
    model = nn.Sequential(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10))
    model[0].requires_grad_(False)
    model[1].requires_grad_(False).eval()
    descend(visit, model, sgd(model[3]))


@loop()
def lazy_layers_filled_after_the_doctor_came(visit):
    model = nn.Sequential(nn.LazyLinear(32), nn.ReLU(), nn.LazyLinear(10))
    descend(visit, model, sgd(model))


# -- wrappers and precision -------------------------------------------------------------------------------------------


@loop()
def data_parallel(visit):
    model = mlp()
    descend(visit, model, sgd(model), whole=nn.DataParallel(model), forward=nn.DataParallel(model))


@loop()
def data_parallel_told_to_the_doctor(visit):
    wrapped = nn.DataParallel(mlp())
    descend(visit, wrapped, sgd(wrapped))


@contextmanager
def process_group(rank=0, world=1, store=None):
    torch.distributed.init_process_group(
        "gloo", rank=rank, world_size=world, store=store or torch.distributed.HashStore()
    )
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


@loop()
def distributed_data_parallel(visit):
    with process_group():
        model = nn.Sequential(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10))
        wrapped = nn.parallel.DistributedDataParallel(model)
        descend(visit, wrapped, sgd(wrapped))


@loop()
def distributed_with_the_bare_network_told_to_the_doctor(visit):
    with process_group():
        model = mlp()
        wrapped = nn.parallel.DistributedDataParallel(model)
        descend(visit, model, sgd(wrapped), forward=wrapped)


@loop()
def compiled(visit):
    model = mlp()
    descend(visit, torch.compile(model, backend="eager"), sgd(model))


@loop()
def compiled_in_place(visit):
    model = mlp()
    model.compile(backend="eager")
    descend(visit, model, sgd(model))


@loop()
def autocast_to_bfloat16(visit):
    model = mlp()
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    for x, y in batches():
        with torch.autocast("cpu", torch.bfloat16):
            outputs = model(x)
            loss = F.cross_entropy(outputs, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note()


@loop()
def autocast_to_float16_with_a_scaler(visit):
    model = mlp()
    optimizer = sgd(model)
    # so large a scale that the first steps overflow and are skipped
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**26, growth_interval=4)
    doctor = visit.doctor(model, optimizer)
    for x, y in batches():
        with torch.autocast("cpu", torch.float16):
            outputs = model(x)
            loss = F.cross_entropy(outputs, y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grads_with_norm_(
            model.parameters(), 1.0, nn.utils.get_total_norm([p.grad for p in model.parameters()])
        )
        scaler.step(optimizer)
        scaler.update()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note(scaler.state_dict())


# -- loops and optimizers ---------------------------------------------------------------------------------------------


@loop()
def accumulated_gradients(visit):
    model = mlp()
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    for number, (x, y) in enumerate(batches()):
        outputs = model(x)
        loss = F.cross_entropy(outputs, y)
        (loss / 4).backward()
        if number % 4 == 3:
            optimizer.step()
            optimizer.zero_grad()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note()


def _at(moment):
    def run(visit):
        model = mlp()
        optimizer = sgd(model)
        doctor = visit.doctor(model, optimizer)
        for x, y in batches():
            optimizer.zero_grad(set_to_none=False)
            outputs = model(x)
            loss = F.cross_entropy(outputs, y)
            for now, act in (("before", lambda: None), ("between", loss.backward), ("after", optimizer.step)):
                act()
                if now == moment:
                    doctor.step(loss, inputs=x, targets=y, outputs=outputs)
            visit.note()

    return run


for _moment in ("before", "between", "after"):
    LOOPS[f"told_{_moment}_backward_and_update"] = Loop(_at(_moment), examined=("inputs", "outputs", "update"))


@loop("no targets were given", examined=("update",))
def rivals_with_an_optimizer_each(visit):
    draw, judge = nn.Linear(8, 64), nn.Sequential(nn.Linear(64, 16), nn.LeakyReLU(), nn.Linear(16, 1))
    both = [torch.optim.Adam(m.parameters(), 1e-3, betas=(0.5, 0.9)) for m in (judge, draw)]
    doctor = visit.doctor(nn.ModuleList([draw, judge]), both)
    for x, _ in batches(STEPS // 2):
        drawn = draw(torch.randn(len(x), 8))
        both[0].zero_grad()
        loss = F.softplus(-judge(x)).mean() + F.softplus(judge(drawn.detach())).mean()
        loss.backward()
        both[0].step()
        doctor.step(loss)
        both[1].zero_grad()
        loss = F.softplus(-judge(drawn)).mean()
        loss.backward()
        both[1].step()
        doctor.step(loss)
        visit.note()


LOOPS["rivals_with_an_optimizer_each"] = Loop(
    rivals_with_an_optimizer_each, "no targets were given", examined=("update",)
)


@loop("no targets were given", examined=("update",))
def a_closure_called_many_times(visit):
    model = mlp()
    optimizer = torch.optim.LBFGS(model.parameters(), 0.1, max_iter=4, line_search_fn="strong_wolfe")
    doctor = visit.doctor(model, optimizer)
    for x, y in batches():

        def closure(x=x, y=y):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        doctor.step(optimizer.step(closure))
        visit.note()


@loop()
def gradients_of_gradients(visit):
    model = mlp()
    optimizer = sgd(model, 0.01)
    doctor = visit.doctor(model, optimizer)
    for x, y in batches():
        x.requires_grad_()
        outputs = model(x)
        loss = F.cross_entropy(outputs, y)
        (slope,) = torch.autograd.grad(loss, x, create_graph=True)
        total = loss + slope.square().sum()
        optimizer.zero_grad()
        total.backward(retain_graph=True)
        total.backward()
        optimizer.step()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note()


@loop(examined=("inputs", "outputs"))
def functional_gradients(visit):
    model = mlp()
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)

    def loss_of(parameters, x, y):
        return F.cross_entropy(torch.func.functional_call(model, parameters, (x[None],))[0], y)

    for x, y in batches():
        parameters = {name: p.detach() for name, p in model.named_parameters()}
        each, losses = torch.func.vmap(torch.func.grad_and_value(loss_of), in_dims=(None, 0, 0))(parameters, x, y)
        for name, p in model.named_parameters():
            p.grad = each[name].mean(0)
        optimizer.step()
        doctor.step(losses.mean(), inputs=x, targets=y, outputs=model(x))
        visit.note()


@loop()
def an_update_inside_backward(visit):
    """One optimizer a parameter, stepped as soon as its gradient is there: saves the memory of gradients."""
    model = mlp()
    own = {p: torch.optim.SGD([p], 0.1) for p in model.parameters()}

    def update(p):
        own[p].step()
        own[p].zero_grad()

    handles = [p.register_post_accumulate_grad_hook(update) for p in model.parameters()]
    doctor = visit.doctor(model, list(own.values()))
    for x, y in batches():
        outputs = model(x)
        loss = F.cross_entropy(outputs, y)
        loss.backward()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note()
    for handle in handles:
        handle.remove()


@loop()
def a_fused_optimizer_with_groups(visit):
    model = mlp()
    groups = [{"params": model[0].parameters(), "lr": 1e-4}, {"params": model[2].parameters(), "weight_decay": 0.0}]
    descend(visit, model, torch.optim.AdamW(groups, 1e-3, fused=True))


@loop()
def an_optimizer_made_anew_and_a_head_exchanged(visit):
    model = mlp()
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    for number, (x, y) in enumerate(batches()):
        if number == 8:
            optimizer = torch.optim.Adam(model.parameters(), 1e-3)
            visit.also(optimizer)
        if number == 16:
            model[2] = nn.Linear(32, 10)
            optimizer.add_param_group({"params": model[2].parameters()})
        outputs = model(x)
        loss = F.cross_entropy(outputs, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note()


@loop()
def weights_that_change_their_type_midway(visit):
    model = mlp()
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    for number, (x, y) in enumerate(batches()):
        if number == 9:
            model.double()
        x = x.double() if number >= 9 else x
        outputs = model(x)
        loss = F.cross_entropy(outputs, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note()


@loop()
def batches_of_one_of_none_and_with_nonsense(visit):
    model = mlp()
    data = list(batches())
    data[3] = (data[3][0][:1], data[3][1][:1])
    data[8] = (data[8][0] * torch.inf, data[8][1])
    data[10] = (data[10][0] * 0, data[10][1])
    data[12] = (data[12][0][:0], data[12][1][:0])  # the mean of nothing is not a number
    descend(visit, model, sgd(model), data=data)


@loop()
def a_loop_that_catches_its_own_errors(visit):
    model = mlp()
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    for number, (x, y) in enumerate(batches()):
        if number % 5 == 2:
            with suppress(RuntimeError):
                model(x[:, :3])
        outputs = model(x)
        loss = F.cross_entropy(outputs, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note()


# -- bad input --------------------------------------------------------------------------------------------------------


@loop("no parameters", examined=("inputs",))
def a_model_without_parameters(visit):
    """The pixels of a picture descend, and the model only looks at them."""
    pixels = nn.Parameter(torch.zeros(1, 64))
    optimizer = torch.optim.SGD([pixels], 0.1)
    model = nn.Softmax(1)
    doctor = visit.doctor(model, optimizer)
    for x, _ in batches():
        loss = (model(pixels) - x[:1].softmax(1)).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss)
        visit.note()


@loop(examined=("inputs", "outputs"))
def an_optimizer_of_another_model(visit):
    model, other = mlp(), mlp()
    optimizer = sgd(other)
    doctor = visit.doctor(model, optimizer)
    for x, y in batches():
        outputs = model(x)
        loss = F.cross_entropy(outputs, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note()


def _with_loss(told, name, unexamined):
    def run(visit):
        model = mlp()
        optimizer = sgd(model)
        doctor = visit.doctor(model, optimizer)
        for x, y in batches():
            outputs = model(x)
            loss = F.cross_entropy(outputs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            doctor.step(told(loss, outputs, y), inputs=x, targets=y, outputs=outputs)
            visit.note()

    LOOPS[name] = Loop(run, unexamined, examined=("inputs", "update"))


_with_loss(lambda loss, o, y: loss.item(), "a_loss_that_is_a_number", "")
_with_loss(lambda loss, o, y: loss.detach(), "a_loss_without_a_graph", "")
_with_loss(lambda loss, o, y: loss.detach().numpy(), "a_loss_that_is_an_array", "the loss: ")
_with_loss(lambda loss, o, y: F.cross_entropy(o, y, reduction="none"), "a_loss_for_each_example", "the loss: ")
_with_loss(lambda loss, o, y: loss * (1 + 0j), "a_complex_loss", "the loss: ")
_with_loss(lambda loss, o, y: {"total": loss}, "a_loss_in_a_mapping", "the loss: ")
_with_loss(lambda loss, o, y: "0.3", "a_loss_that_is_text", "the loss: ")
_with_loss(lambda loss, o, y: None, "no_loss", "the loss")


@loop("outputs against targets", examined=("update",))
def everything_in_the_wrong_place(visit):
    model = mlp()
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    nonsense = ["text", object(), {"a": [None]}, float("nan"), torch.zeros(3, 0), torch.tensor(True), [[]], range(3)]
    for number, (x, y) in enumerate(batches()):
        outputs = model(x)
        loss = F.cross_entropy(outputs, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        junk = nonsense[number % len(nonsense)]
        doctor.step(loss, inputs=junk, targets=nonsense[-1 - number % len(nonsense)], outputs=junk)
        visit.note()


@loop()
def validated_with_nonsense(visit):
    model = mlp()
    doctor = descend(visit, model, sgd(model))
    for loss, score in ((None, "x"), (None, None), (float("nan"), float("inf")), ([1.0], {}), (torch.zeros(3), 1j)):
        doctor.validate(loss, score)
        visit.note()


@loop(steps=8)
def told_after_it_was_detached(visit):
    model = mlp()
    optimizer = sgd(model)
    doctor = visit.doctor(model, optimizer)
    for number, (x, y) in enumerate(batches()):
        if number == 8:
            doctor.detach()
            doctor.detach()
        outputs = model(x)
        loss = F.cross_entropy(outputs, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        doctor.validate(0.5, 0.5)
        visit.note()


@loop()
def reports_asked_for_at_any_time(visit):
    model = mlp(nn.Dropout(0.1))
    optimizer = sgd(model, momentum=0.9)
    doctor = visit.doctor(model, optimizer)
    visit.ask(doctor)
    for x, y in batches():
        outputs = model(x)
        visit.ask(doctor)
        loss = F.cross_entropy(outputs, y)
        optimizer.zero_grad()
        loss.backward()
        visit.ask(doctor)
        optimizer.step()
        doctor.step(loss, inputs=x, targets=y, outputs=outputs)
        visit.note()
