"""Drawings: nothing runs over anything else, whatever the circuit; every number is there; the file opens by itself."""

import xml.etree.ElementTree as ElementTree
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from visus import circuit
from visus.circuit import layout, svg
from visus.circuit.expression import parse
from visus.circuit.wording import inline, lines, number

from .test_circuit import NEURON, neuron, texts


def traced(text):
    f = parse(text)
    return circuit(f, **dict.fromkeys(f.__signature__.parameters, 0.625))


def words(drawing):
    root = ElementTree.fromstring(drawing)
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def overlapping(placed):
    """Pairs of cells that run into each other: a cell owns its column's width and its height."""
    spans = [(c, c.x, c.x + c.box + c.stub, c.y - c.height_above, c.y + c.height_below) for c in placed.cells]
    return [
        (a, b)
        for (a, left, right, top, bottom), (b, left2, right2, top2, bottom2) in combinations(spans, 2)
        if left < right2 - 1e-6 and left2 < right - 1e-6 and top < bottom2 - 1e-6 and top2 < bottom - 1e-6
    ]


@settings(max_examples=40, deadline=None)
@given(texts)
def test_no_cell_runs_into_another_and_wires_change_rows_only_between_columns(text):
    placed = layout.place(traced(text))
    assert not overlapping(placed)
    for cell in placed.cells:
        assert cell.box + cell.stub <= placed.column_widths[cell.column] + 1e-9
        assert all(after.column == cell.column + 1 for after in cell.after)
        assert cell.y - cell.height_above > -1e-6
        assert cell.y + cell.height_below <= placed.height + 1e-6


def test_a_network_too():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    found = circuit(net, torch.randn(5, 3), upstream=1.0)
    assert not overlapping(layout.place(found))
    assert {"0.weight", "linear", "batch_norm", "relu", "router"} <= set(words(found.svg()))


def test_every_value_and_every_gradient_is_written():
    shown = words(circuit(neuron, fine=True, **NEURON).svg())
    for said in (
        "2",
        "−1",
        "−3",
        "−2",
        "0.393",
        "−0.59",
        "0.731",
        "1.37",
        "0.368",
        "−0.534",
        "switcher",
        "distributor",
    ):
        assert said in shown
    assert words(circuit(lambda x: x * x + x, x=3).svg()).count("x") == 1


TREES = ["(x + y) * z", "sigmoid(w0*x0 + w1*x1 + w2)", "x * exp(x) + tanh(x)", "(x+y) - (z*w)"]


@pytest.mark.parametrize("text", TREES)
def test_no_wires_cross_where_they_need_not(text):
    links = [(cell, after) for cell in layout.place(traced(text)).cells for after in cell.after]
    for (a, b), (c, d) in combinations(links, 2):
        assert a.column != c.column or (a.y - c.y) * (b.y - d.y) >= 0


def test_names_cannot_break_out_of_the_drawing():
    net = nn.Module()
    net.register_parameter("<b>&", nn.Parameter(torch.ones(())))
    net.forward = lambda x: x * net._parameters["<b>&"]
    found = circuit(lambda **named: sum(named.values()), **{"<i>&": 1.0})
    assert "<i>&" in words(found.svg())


def test_saved_files_stand_by_themselves(tmp_path):
    found = circuit(neuron, **NEURON)
    drawing = found.save(tmp_path / "neuron.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
    assert "var(" not in drawing
    assert "var(--blue, #" in found.svg() == found._repr_svg_()
    assert found.save(tmp_path / "neuron.txt").read_text(encoding="utf-8") == found.text() + "\n" == f"{found}\n"
    with pytest.raises(ValueError, match=r"\.svg or \.txt"):
        found.save(tmp_path / "neuron.png")


def test_too_many_gates_are_listed_but_not_drawn():
    found = circuit(lambda x: sum(x * i for i in range(200)), x=1)
    assert found.value.item() == 199 * 100
    assert "g399" in found.text()
    assert found._repr_svg_() is None
    with pytest.raises(ValueError, match=f"at most {svg.MOST_GATES}"):
        found.svg()


READ = [(-0.19661, "−0.197"), (12.0, "12"), (0.0, "0"), (-0.0, "0"), (1e-16, "1e−16"), (123456.0, "1.23e5")]
ODD = [(4096.0, "4096"), (float("inf"), "∞"), (float("-inf"), "−∞"), (float("nan"), "NaN")]


@pytest.mark.parametrize(("value", "said"), [*READ, *ODD])
def test_numbers_as_they_are_read(value, said):
    assert number(value) == said


def test_small_arrays_are_written_out_and_large_ones_summed_up():
    assert lines(torch.tensor([[1.0, -2.0], [3.0, 4.5]])) == ["[  1  −2]", "[  3 4.5]"]
    assert inline(torch.tensor([[1.0, -2.0], [3.0, 4.5]])) == "[[ 1 −2], [ 3 4.5]]"
    assert lines(torch.ones(9, 9)) == ["(9, 9)", "‖·‖ 9"]
    assert lines(torch.ones(0)) == ["(0,)", "‖·‖ 0"]
