"""`visus circuit`: what is typed is read, shown and saved; what cannot be meant is one line."""

import pytest

from visus.cli._app import run


def test_shows_the_table_and_writes_the_drawing(tmp_path, capsys):
    file = tmp_path / "f.svg"
    assert run(["circuit", "(x + y) * z", "x=-2", "y=5", "z=-4", "--svg", str(file)]) == 0
    out = capsys.readouterr().out
    assert "switcher" in out
    assert "−12" in out
    assert file.read_text(encoding="utf-8").startswith("<svg")


def test_takes_arrays_fine_gates_and_upstream(capsys):
    assert run(["circuit", "sigmoid(W @ x)", "W=[[1, 2], [3, 4]]", "x=[0.5, -1]", "--fine", "--upstream", "2"]) == 0
    assert "exp" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["x ^ 2", "x=1"], "write **"),
        (["x + y", "x=1"], "there is none for 'y'"),
        (["x", "x=one"], "got 'x=one'"),
        (["x", "x"], "got 'x'"),
        (["x", "=1"], "got '=1'"),
        (["x", "x=1", "x=2"], "given twice"),
        (["x", "x=NaN"], "holds NaN"),
        (["x", "x=null"], "got 'x=null'"),
        (["fine * 2", "fine=1"], "cannot be called fine"),
        (["x", "x=1", "--svg", "f.png"], "ends in .svg"),
    ],
)
def test_a_mistake_is_one_line(words, sentence, capsys):
    assert run(["circuit", *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
