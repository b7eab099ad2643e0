"""The doctor beside any PyTorch loop: the training is the same bit for bit, and what is not examined is said."""

import gc
import json
import logging
import random
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import optimizer as torch_optimizer

import visus

from .any_loops import LOOPS, STEPS, batches, mlp, process_group, sgd


class Nobody:
    """In place of a doctor."""

    def step(self, *_, **__):
        pass

    validate = detach = step


class Visit:
    """What a loop sees of the test: it notes everything that the doctor could have changed."""

    def __init__(self, watched):
        self.watched, self.notes, self.made = watched, [], []
        self.listening = len(torch_optimizer._global_optimizer_pre_hooks)
        self.modules: list[nn.Module] = []
        self.optimizers = []

    def doctor(self, model, optimizers):
        self.modules.append(model)
        self.optimizers += optimizers if isinstance(optimizers, list) else [optimizers]
        self.made.append(visus.Doctor(model, optimizers) if self.watched else Nobody())
        return self.made[-1]

    def also(self, optimizer):
        self.optimizers.append(optimizer)

    def ask(self, doctor):
        if self.watched:
            json.loads(doctor.to_json())

    def note(self, *more):
        """Weights, buffers, gradients, modes, the optimizers' state and all random states, as they are now."""
        tensors = [p for o in self.optimizers for group in o.param_groups for p in group["params"]]
        tensors += [t for m in self.modules for t in (*m.parameters(), *m.buffers())]
        state = [o.state_dict() for o in self.optimizers]
        self.notes.append(
            (
                [bits(t) for t in tensors],
                [bits(t.grad) for t in tensors],
                [m.training for module in self.modules for m in module.modules()],
                plain(state),
                plain(more),
                bits(torch.get_rng_state()),
                random.getstate(),
                plain(np.random.get_state(legacy=False)),  # noqa: NPY002 - it must not be drawn from
            )
        )

    def attributes(self):
        """Names of what each module and optimizer holds itself."""
        return [sorted(vars(each)) for whole in self.modules for each in (*whole.modules(), *self.optimizers)]


def bits(tensor):
    if tensor is None or torch.nn.parameter.is_lazy(tensor):
        return None
    tensor = tensor.detach()
    if tensor.is_sparse:
        tensor = tensor.coalesce()
        return bits(tensor.indices()), bits(tensor.values())
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    kind = str(tensor.dtype), tuple(tensor.shape)
    return (*kind, tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())


def plain(value):
    if isinstance(value, torch.Tensor):
        return bits(value)
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def seeded(name, watched):
    visit = Visit(watched)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - a foreign loop draws from it
    torch.manual_seed(1)
    try:
        LOOPS[name].run(visit)
    finally:
        torch.compiler.reset()
        for doctor in visit.made:
            doctor.detach()
        visit.left = [
            len(hooks)
            for hooks in (torch_optimizer._global_optimizer_pre_hooks, torch_optimizer._global_optimizer_post_hooks)
        ]
    return visit


@cache
def both(name):
    """The loop without and with a doctor; each is run once for all tests."""
    return seeded(name, watched=False), seeded(name, watched=True)


each_loop = pytest.mark.parametrize("name", LOOPS)


@each_loop
def test_a_training_is_bit_identical_with_and_without_the_doctor(name):
    alone, watched = both(name)
    assert len(alone.notes) == len(watched.notes) > 0
    for step, (a, b) in enumerate(zip(alone.notes, watched.notes, strict=True)):
        for what, x, y in zip(
            ("weights", "gradients", "modes", "optimizer", "more", "torch's dice", "Python's dice", "NumPy's dice"),
            a,
            b,
        ):
            assert x == y, f"{what} differ after step {step}"


@each_loop
def test_the_report_counts_the_steps_and_says_what_was_not_examined_and_why(name):
    (doctor,) = both(name)[1].made
    found, expected = doctor.report(), LOOPS[name]
    assert found.steps == expected.steps
    assert str(found).splitlines()[0]
    assert found._repr_html_().startswith("<section")
    json.loads(doctor.to_json(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    json.loads(doctor.chart_json(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    said = "; ".join(found.unexamined)
    if expected.unexamined:
        assert expected.unexamined in said
    for crash in ("TypeError", "AttributeError", "KeyError", "IndexError", "NameError", "AssertionError"):
        assert crash not in said, "a stumble, where a sentence for people is wanted"
    for part in expected.examined:
        assert any(part in sample for sample in doctor.chart.samples[3:]), f"{part} were never measured; {said}"


@each_loop
def test_a_detached_doctor_leaves_nothing_behind(name):
    visit = both(name)[1]
    for module in (each for whole in visit.modules for each in whole.modules()):
        for hooks in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"):
            assert not getattr(module, hooks), f"{hooks} of {type(module).__name__}"
    for optimizer in visit.optimizers:
        assert not optimizer._optimizer_step_pre_hooks
        assert not optimizer._optimizer_step_post_hooks
        for p in (p for group in optimizer.param_groups for p in group["params"]):
            assert not p._backward_hooks
            assert not getattr(p, "_post_accumulate_grad_hooks", None)
    assert visit.left == [visit.listening] * 2  # hooks on every optimizer of the process
    assert visit.attributes() == both(name)[0].attributes()  # no method was put over another


def trained(doctor, model, optimizer, steps=STEPS):
    for x, y in batches(steps):
        outputs = model(x)
        loss = nn.functional.cross_entropy(outputs, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if doctor:
            doctor.step(loss, inputs=x, targets=y, outputs=outputs)


def test_a_doctor_that_is_forgotten_takes_its_hooks_along():
    model, before = mlp(), len(torch_optimizer._global_optimizer_pre_hooks)
    optimizer = sgd(model)
    doctor = visus.Doctor(model, optimizer)
    trained(doctor, model, optimizer)
    del doctor
    gc.collect()
    trained(None, model, optimizer)  # an orphaned hook lets go when it is called next
    assert len(torch_optimizer._global_optimizer_pre_hooks) == before
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_two_doctors_watch_one_training_and_do_not_disturb_each_other():
    torch.manual_seed(0)
    model = mlp()
    optimizer = sgd(model)
    with visus.Doctor(model, optimizer) as first, visus.Doctor(model, optimizer) as second:
        for x, y in [(torch.randn(8, 64), torch.randint(10, (8,))) for _ in range(STEPS)]:
            outputs = model(x)
            loss = nn.functional.cross_entropy(outputs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            for doctor in (first, second):
                doctor.step(loss, inputs=x, targets=y, outputs=outputs)
    assert first.report().steps == second.report().steps == STEPS
    assert [s["update"]["gradient"] for s in first.chart.samples if "update" in s] == [
        s["update"]["gradient"] for s in second.chart.samples if "update" in s
    ]


def test_an_error_in_the_user_s_own_loop_passes_through_and_the_doctor_lets_go():
    model, before = mlp(), len(torch_optimizer._global_optimizer_pre_hooks)
    with pytest.raises(ZeroDivisionError), visus.Doctor(model, sgd(model)):
        1 / 0
    assert not model._forward_hooks
    assert len(torch_optimizer._global_optimizer_pre_hooks) == before


def test_one_warning_tells_that_a_detached_doctor_does_not_examine(caplog):
    model = mlp()
    doctor = visus.Doctor(model, sgd(model))
    doctor.detach()
    with caplog.at_level(logging.WARNING, "visus.doctor"):
        for _ in range(3):
            doctor.step(1.0)
    (record,) = caplog.records
    assert "after detach()" in record.message
    assert "make a new Doctor" in record.message


@pytest.mark.parametrize(
    ("model", "optimizer", "says"),
    [
        ("resnet", None, "model must be a torch.nn.Module; got a str"),
        (mlp(), "adam", "optimizer must be a torch.optim.Optimizer or several; got a str"),
        (mlp(), [None], "optimizer must be a torch.optim.Optimizer or several; got a NoneType"),
    ],
)
def test_what_is_no_model_or_no_optimizer_is_refused_at_once(model, optimizer, says):
    with pytest.raises(TypeError, match=says):
        visus.Doctor(model, optimizer)


def test_an_optimizer_of_another_model_is_the_diagnosis():
    torch.manual_seed(0)
    model, other = mlp(), mlp()
    doctor = visus.Doctor(model, sgd(other))
    trained(doctor, model, sgd(other), 80)
    doctor.detach()
    found = doctor.report()
    assert found.alarm
    assert found.causes[0].kind == "optimizer_of_another_model"


def test_the_doctor_s_memory_does_not_grow_with_the_run():
    torch.manual_seed(0)
    model = nn.Linear(64, 10)
    doctor = visus.Doctor(model, sgd(model))
    sizes = []
    for _ in range(3):
        trained(doctor, model, sgd(model), 1500)
        sizes.append(len(doctor.chart_json()))
    doctor.detach()
    assert sizes[2] - sizes[1] < 0.35 * sizes[1]


def _rank(rank, folder, watched):
    torch.set_num_threads(1)
    with process_group(rank, 2, torch.distributed.FileStore(f"{folder}/store", 2)):
        torch.manual_seed(0)
        model = nn.parallel.DistributedDataParallel(mlp())
        optimizer = sgd(model)
        torch.manual_seed(rank)
        doctor = visus.Doctor(model, optimizer) if watched else None
        trained(doctor, model, optimizer, 12)
        unexamined = []
        if doctor:
            doctor.detach()
            unexamined = doctor.report().unexamined
            assert doctor.report().steps == 12
        torch.save((model.module.state_dict(), unexamined), f"{folder}/{rank}.pt")


def test_two_processes_train_to_the_same_weights_with_and_without_the_doctor(tmp_path):
    found = {}
    for watched in (False, True):
        folder = tmp_path / str(watched)
        folder.mkdir()
        torch.multiprocessing.start_processes(_rank, (str(folder), watched), nprocs=2, start_method="fork")
        found[watched] = [torch.load(folder / f"{rank}.pt") for rank in range(2)]
    assert found[True][0][1] == []
    for (alone, _), (watched, _) in zip(found[False], found[True], strict=True):
        assert all(torch.equal(alone[name], watched[name]) for name in alone)
