"""Objects and pixels: illnesses planted into a small detector and a small segmenter, and healthy ones left in peace."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import visus
from visus.doctor.before import anchors, boxes, every_update, ignored, object_classes, suppression
from visus.doctor.diagnosis import findings
from visus.doctor.during import term_balance
from visus.doctor.finding import BLOCKER, NOTE, PASS, WARNING
from visus.doctor.instruments import found, terms
from visus.doctor.instruments.outlines import CHANGES, Outlines

from . import _dense_tasks as tasks
from ._dense_tasks import IGNORE, Marked, Pixels, maps, scenes, trained

# -- before ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("examination", "ill", "kind", "severity", "word"),
    [
        (boxes, tasks.InShares, "boxes_misplaced", BLOCKER, "shares"),
        (boxes, tasks.PictureScaledBoxesNot, "boxes_misplaced", BLOCKER, "multiplied by 2"),
        (boxes, tasks.MirroredWithoutItsBoxes, "boxes_misplaced", BLOCKER, "mirrored"),
        (boxes, tasks.RowsFirst, "boxes_misplaced", BLOCKER, "x and y swapped"),
        (boxes, tasks.Beyond, "boxes_misplaced", WARNING, "outside"),
        (anchors, tasks.AnchorsTooLarge, "anchors_miss", BLOCKER, "k-means"),
        (anchors, tasks.AnchorsOnlyRescued, "anchors_miss", WARNING, "nearest"),
        (object_classes, tasks.CountedFromOne, "classes_shifted", BLOCKER, "subtract 1"),
        (object_classes, tasks.BackgroundInTheList, "classes_shifted", WARNING, "background"),
        (suppression, tasks.OneUponAnother, "neighbours_suppressed", WARNING, "nms_threshold="),
        (ignored, tasks.CountsBorders, "ignored_counted", BLOCKER, "ignore_index"),
        (ignored, tasks.SecondTermCounts, "ignored_counted", BLOCKER, "ignore_index"),
        (ignored, tasks.BordersAreAClass, "ignored_counted", BLOCKER, "border"),
        (ignored, tasks.VoidCounts, "ignored_counted", WARNING, "void"),
    ],
)
def test_what_is_wrong_with_marks_is_found_and_said(examination, ill, kind, severity, word):
    (finding,) = examination.examine(ill())
    assert (finding.kind, finding.severity) == (kind, severity)
    assert word in f"{finding.what} {finding.cause} {finding.remedy}"
    assert finding.where


@pytest.mark.parametrize("examination", [boxes, anchors, object_classes, suppression, ignored])
@pytest.mark.parametrize("healthy", [Marked, Pixels])
def test_sound_marks_are_left_in_peace(examination, healthy):
    (finding,) = examination.examine(healthy())
    assert finding.severity == PASS, finding


def test_anchors_are_told_in_the_sizes_that_the_objects_have():
    (finding,) = anchors.examine(tasks.AnchorsTooLarge())
    sides = [int(word.strip(",;")) for word in finding.remedy.split("k-means ")[1].split(";")[0].split()]
    assert sides
    assert all(8 <= side <= 20 for side in sides)


def test_a_higher_threshold_of_suppression_is_proposed_only_where_it_helps():
    (finding,) = suppression.examine(tasks.OneUponAnother())
    assert finding.change["nms_threshold"] > tasks.OneUponAnother.suppression
    assert suppression.examine(tasks.SoftlySuppressed())[0].severity == PASS


@pytest.mark.parametrize("name", ["mirrored", "upside down", "x and y swapped", "times 0.5", "times 2"])
def test_a_mistake_is_told_by_the_change_that_undoes_it(name):
    """Every change of boxes that was made before they came is undone by one that the outlines know."""
    undone = {"times 0.5": "times 2", "times 2": "times 0.5"}.get(name, name)
    outlines = Outlines()
    for step in range(3):
        for picture, labels, marked in zip(*scenes(step), strict=True):
            changed = CHANGES[name](marked[labels >= 0], 64, 64).clamp(0, 64)
            outlines.saw(picture, changed[((changed[:, 2:] - changed[:, :2]) > 0).all(1)])
    best, fit = outlines.best()
    assert best == undone
    assert fit.gain > max(1, 2 * outlines.fit().gain)


def test_boxes_of_pictures_without_edges_are_not_judged():
    outlines = Outlines()
    outlines.saw(torch.zeros(3, 32, 32), torch.tensor([[4.0, 4.0, 12.0, 12.0], [9.0, 9.0, 20.0, 20.0]]))
    assert outlines.fit().gain == 0


class CoarseHeadWaits(Marked):
    """A head that only learns where a rare object comes, as that of a detector's coarsest map."""

    def __init__(self):
        super().__init__()
        self.model.rare = nn.Linear(1, 1)
        self.objectives[0]._parameters += list(self.model.rare.parameters())
        self.objectives[0].optimizer.add_param_group({"params": list(self.model.rare.parameters())})

    def loss(self, batch):
        here = float(bool((batch[1] >= 0).sum() == 27))
        return super().loss(batch) | {
            "rare": here * self.model.rare(torch.ones(1, 1, dtype=self.model.say.weight.dtype)).square().mean()
        }


def test_what_only_learns_from_rare_objects_is_waited_for():
    (finding,) = every_update.examine(CoarseHeadWaits())
    assert finding.severity in (PASS, NOTE)


# -- during ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Marked, Pixels])
def test_no_watcher_alarms_at_a_healthy_training(kind):
    for _, finding in findings(trained(kind).chart):
        assert finding.severity in (PASS, NOTE), finding
        assert not finding.defect, finding


@pytest.mark.parametrize("kind", [Marked, Pixels])
def test_a_healthy_training_of_dense_answers_has_no_alarm(kind):
    assert not trained(kind).diagnosis().alarm, trained(kind).diagnosis()


def test_a_healthy_detector_s_answers_are_charted():
    last = trained(Marked).chart.evaluations[-1]
    assert last["found_placed"] > 0.5
    assert last["found_named"] > 0.9


@pytest.mark.parametrize(
    ("ill", "kind"),
    [
        (tasks.NamesOneTooHigh, "classes_shifted"),
        (tasks.BoxDrowns, "terms_unbalanced"),
        (tasks.SeesNothing, "background_only"),
    ],
)
def test_what_goes_wrong_while_it_trains_is_an_alarm(ill, kind):
    diagnosis = trained(ill).diagnosis()
    assert diagnosis.alarm
    assert kind in [cause.kind for cause in diagnosis.causes]
    assert all(cause.remedy for cause in diagnosis.causes)


def test_one_class_at_every_pixel_is_a_hurt_outcome():
    diagnosis = trained(tasks.PaintsGround).diagnosis()
    assert diagnosis.alarm
    assert any("painted as class 0" in reason for reason in diagnosis.outcome.reasons)
    assert {"background_only", "class_imbalance"} & {cause.kind for cause in diagnosis.causes}


def test_a_network_that_calls_everything_one_class_is_not_shifted():
    marked = [{"boxes": torch.tensor([[0.0, 0, 10, 10]]), "labels": torch.tensor([k])} for k in (0, 1, 1, 1, 1)]
    answers = [{**one, "scores": torch.tensor([0.9]), "labels": torch.tensor([0])} for one in marked]
    numbers = found.figures(answers, marked)
    assert numbers["found_shifted"] == pytest.approx(0.8)
    assert numbers["found_classes"] == 1


def test_the_drowned_terms_are_named_with_the_weight_to_change():
    (finding,) = term_balance.look(trained(tasks.BoxDrowns).chart)
    assert "box" in finding.where
    assert "class" in finding.what


def test_looking_at_terms_changes_nothing():
    task = Marked()
    batch = next(iter(task.batches()))
    objective = task.objectives[0]
    objective.improve(batch)
    state, random = copy.deepcopy(task.state_dict()), torch.get_rng_state()
    gradients = [p.grad.clone() for p in task.parameters()]
    pulls = terms.look(task, objective.name, batch)
    assert set(pulls) == {"objectness", "class", "box"}
    assert all(torch.equal(v, state[n]) for n, v in task.state_dict().items())
    assert all(torch.equal(p.grad, g) for p, g in zip(task.parameters(), gradients, strict=True))
    assert torch.equal(random, torch.get_rng_state())


class Apart(Marked):
    def loss(self, batch):
        return {"a": self.model.see[0].weight.sum(), "b": self.model.say.weight.sum()}


def test_a_term_that_shares_no_weight_is_not_weighed():
    task = Apart()
    assert terms.look(task, "mark", next(iter(task.batches()))) == {}


# -- what was found, in numbers ---------------------------------------------------------------------------------------


def test_figures_of_what_was_found_by_hand():
    marked = [{"boxes": torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 30]]), "labels": torch.tensor([0, 1])}]
    answers = [
        {
            "boxes": torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]]),
            "scores": torch.tensor([0.6, 0.9, 0.8]),
            "labels": torch.tensor([0, 1, 1]),
        }
    ]
    numbers = found.figures(answers, marked)
    assert numbers["found_objects"] == 2
    assert numbers["found_placed"] == 0.5
    assert numbers["found_named"] == 0  # the surest answer there says 1
    assert (numbers["found_shifted"], numbers["found_shift"]) == (1, 1)


def test_nothing_marked_gives_no_figures_and_a_missing_part_is_named():
    assert found.figures([], []) == {}
    with pytest.raises(ValueError, match="'scores' is missing"):
        found.figures([{"boxes": [], "labels": []}], [{"boxes": [], "labels": []}])


# -- a loop that is not ours ------------------------------------------------------------------------------------------


def foreign(model, target=lambda labels: labels, steps=60):
    """A plain segmentation loop, as people write it."""
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    doctor = visus.Doctor(model, optimizer, steps=steps, live=False)
    for step in range(steps):
        images, labels = maps(step)
        inputs, labels = (images.float() - 110) / 40, target(labels)
        scores = model(inputs)
        loss = F.cross_entropy(scores, labels, ignore_index=IGNORE)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss, inputs=inputs, targets=labels, outputs=scores)
    return doctor


def test_a_plain_segmentation_loop_with_pixels_to_ignore_has_no_alarm():
    diagnosis = foreign(Pixels().model).report()
    assert not diagnosis.alarm, diagnosis
    assert "labels_out_of_range" not in [note.kind for note in diagnosis.notes]


def test_a_plain_detection_loop_may_tell_what_it_found():
    task, said = Marked(), tasks.NamesOneTooHigh()
    optimizer = torch.optim.Adam(task.model.parameters(), lr=3e-3)
    doctor = visus.Doctor(task.model, optimizer, live=False)
    for step in range(100):
        loss = sum(task.loss(task.drawn(step)).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        doctor.step(loss)
    said.model = task.model
    said.evaluate()
    answers, truth = said.answered()
    doctor.validate(score=0.1, found=answers, marked=truth)
    assert "classes_shifted" in [cause.kind for cause in doctor.report().causes]
