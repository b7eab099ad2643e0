"""`visus describe`: tables, pages and comparisons; what cannot be meant is one line."""

import json

import pytest

from visus.cli._app import run
from visus.playbook import describe as playbook
from visus.report.figures import architecture
from visus.report.wording import scaled


def test_shows_layers_and_totals(capsys):
    assert run(["describe", "vgg16"]) == 0
    out = capsys.readouterr().out.replace("\n", " ")
    assert "138,357,544 parameters, 74 % of them in classifier.0: 553.4 MB" in out
    assert "15,237,608 values a picture" in out
    assert "conv 3x3" in out


def test_takes_settings_a_size_and_classes_and_writes_a_page(tmp_path, capsys):
    words = ["pattern", "n=1", "m=3", "--input", "1×16x16", "--classes", "4", "--page", "--out", str(tmp_path)]
    assert run(["describe", *words]) == 0
    assert "pattern.html" in capsys.readouterr().out
    record = json.loads((tmp_path / "pattern.json").read_text())
    assert record["image"] == [1, 16, 16]
    assert record["layers"][-1]["output"] == [4]
    assert "Where memory" in (tmp_path / "pattern.html").read_text(encoding="utf-8")


def test_long_networks_are_shown_by_block_unless_all_is_asked(capsys):
    assert run(["describe", "resnet50"]) == 0
    short = capsys.readouterr().out
    assert run(["describe", "resnet50", "--all"]) == 0
    assert "--all" in short
    assert capsys.readouterr().out.count("\n") > 2 * short.count("\n")


def test_without_a_name_lists_what_there_is(capsys):
    assert run(["describe"]) == 0
    assert "small_conv" in capsys.readouterr().out


def test_odd_sizes_are_remarked(capsys):
    assert run(["describe", "vgg16", "--input", "3x230x230"]) == 0
    out = capsys.readouterr().out.replace("\n", " ")
    assert "(115 - 2 + 2*0) / 2 + 1 = 57.5 is not whole" in out
    assert "224 or 256 px would be whole" in out


def test_compares_networks_on_a_page(tmp_path, capsys):
    assert run(["describe", "--compare", "alexnet", "squeezenet1_0", "nin", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out.replace("\n", " ")
    assert "Not in the figure: nin" in out
    numbers = json.loads((tmp_path / "comparison.json").read_text())
    assert numbers["alexnet"]["parameters"] == 61_100_840
    assert numbers["squeezenet1_0"]["accuracy"] == pytest.approx(0.58092)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["vg16"], "Did you mean 'vgg16'?"),
        (["vgg16", "--input", "224"], "for colour pictures that is 3x224x224"),
        (["vgg16", "--input", "224x200"], "for colour pictures that is 3x224x200"),
        (["vgg16", "--input", "3x0x5"], "for example 3x224x224; got '3x0x5'"),
        (["vgg16", "--input", "large"], "got 'large'"),
        (["vgg16", "deep=3"], "no setting 'deep'"),
        (["vgg16", "resnet18"], "add --compare"),
        (["vgg16", "--compare"], "needs two networks"),
        (["vgg16", "resnet18", "x=1", "--compare"], "to give it settings"),
        (["knn"], "learns by remembering"),
        (["pattern", "--input", "3x30x30"], "(15 - 2 + 2*0) / 2 + 1 = 7.5 is not whole; take sides of 28 or 32 px"),
        (["lenet5", "--input", "3x8x8"], "at least 28 x 28"),
    ],
)
def test_a_mistake_is_one_line(words, sentence, capsys):
    assert run(["describe", *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_names_and_runs_are_not_compared():
    named = playbook.subject("alexnet")
    own = playbook.Subject("photos", named.description, 0.9, "test (photos)")
    with pytest.raises(ValueError, match="compare names, or runs"):
        playbook.comparison([named, own])
    other = playbook.Subject("other", named.description, None, "test (other)")
    found = playbook.comparison([own, other])
    assert "not tested" in " ".join(found.findings)
    assert "different data" in " ".join(found.findings)
    assert not found.charts


def test_labels_do_not_cover_each_other():
    spots = architecture.labels([(50, 50), (52, 51), (54, 50)], [5, 5, 5], ["resnet18", "googlenet", "vgg11"])
    boxes = [
        (x + dx, y + dy, x + dx + architecture.LETTER * len(name))
        for (x, y), (dx, dy), name in zip([(50, 50), (52, 51), (54, 50)], spots, ("resnet18", "googlenet", "vgg11"))
    ]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert abs(a[1] - b[1]) >= architecture.LABEL_SIZE or a[2] <= b[0] or b[2] <= a[0]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (999, "999"), (1000, "1.0 k"), (138_357_544, "138.4 M"), (999_960, "1.0 M")]
)
def test_counts_are_scaled(value, text):
    assert scaled(value).replace("\u00a0", " ") == text
