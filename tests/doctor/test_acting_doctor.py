"""Learning by acting: worlds and tasks with an illness each, and healthy ones of every method left in peace."""

import copy
import math

import numpy as np
import pytest
import torch

from visus.doctor import preflight
from visus.doctor.before import rewards, world
from visus.doctor.chart import Chart
from visus.doctor.checkup import Checkup
from visus.doctor.diagnosis import diagnose
from visus.doctor.during import exploration, replay, sureness, target_network, time_limit, values
from visus.doctor.finding import BLOCKER, NOTE, PASS, WARNING
from visus.doctor.instruments import acted, acting, rehearsal
from visus.doctor.instruments.acting import Lessons
from visus.engine.loop import Evaluate, fit
from visus.engine.objective import Objective
from visus.worlds._side_by_side import SideBySide

from . import _acting_worlds as worlds
from ._acting_tasks import A2C, DQN, HEALTHY, PPO, a2c, playing, ppo, signal, trained


def in_world(**options):
    return playing(a2c, A2C, signal(**options))()


# -- before ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (worlds.NoNumber, "finite"),
        (worlds.OtherShape, "promised"),
        (worlds.WritesOnWhatItShowed, "new array"),
        (worlds.DeafToItsSeed, "same seed"),
        (worlds.NeverOver, "no episode was over"),
    ],
)
def test_a_world_that_breaks_its_word_is_found_before_the_run(kind, word):
    task = in_world()
    task.judged = SideBySide(worlds.Signal)
    task.judged.make = kind
    found = world.examine(task)
    assert {(f.kind, f.severity) for f in found} == {("world_breaks_its_word", BLOCKER)}
    assert any(word in f"{f.what}; {f.remedy}" for f in found), found
    assert [f.severity for f in world.examine(in_world())] == [PASS]


@pytest.mark.parametrize(
    ("options", "clipped", "kind", "severity"),
    [
        ({"scale": 1}, False, "", PASS),
        ({"scale": 500}, False, "reward_scale", NOTE),
        ({"scale": 5000}, False, "reward_scale", WARNING),
        ({"scale": 0.0001}, False, "reward_scale", WARNING),
        ({"scale": 5000}, True, "", PASS),
        ({"kind": "Dark"}, False, "no_reward_met", NOTE),
        ({"kind": "Drowned"}, True, "rewards_hide_the_goal", WARNING),
        ({"kind": "Drowned"}, False, "", PASS),
    ],
)
def test_rewards_are_judged_by_what_random_play_meets(options, clipped, kind, severity):
    task = in_world(**options)
    task.clipped = clipped
    (found,) = rewards.examine(task)
    assert (found.kind, found.severity) == (kind, severity), found


@pytest.mark.parametrize("name", HEALTHY)
def test_no_examination_accuses_a_healthy_task_that_acts(name):
    task = HEALTHY[name]()
    accused = [f for e in preflight.examine(task) for f in e.findings if f.severity != PASS]
    assert accused == []


def state_of(task):
    ongoing = task.ongoing()
    return {**task.state_dict(), "seen": ongoing["seen"].clone(), "steps": task.env_steps}, ongoing["worlds"]


@pytest.mark.parametrize("name", ["dqn", "ppo"])
def test_examinations_leave_worlds_weights_and_dice_as_they_were(name):
    task = HEALTHY[name]()
    (before, places), dice = copy.deepcopy(state_of(task)), torch.get_rng_state()
    list(preflight.examine(task))
    after, then = state_of(task)
    assert then == places
    assert all(torch.equal(torch.as_tensor(after[name]), torch.as_tensor(value)) for name, value in before.items())
    assert torch.equal(dice, torch.get_rng_state())


def test_a_rehearsal_hands_out_what_it_met_and_its_copies_share_the_worlds():
    task = HEALTHY["dqn"]()
    task.warm_up = 100_000
    ready = rehearsal.rehearsed(task)
    first, again = (next(iter(ready.batches())) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert ready.env_steps <= 2 * rehearsal.WARM_UP
    assert task.env_steps == 0
    twin = copy.deepcopy(ready)
    assert twin.worlds is ready.worlds
    assert twin.memory is ready.memory
    assert twin.model is not ready.model


def test_a_task_without_worlds_is_its_own_rehearsal():
    task = torch.nn.Linear(2, 2)
    assert rehearsal.rehearsed(task) is task


def test_worlds_that_fail_do_not_stop_an_examination():
    task = in_world()
    task.judged.make = task.worlds.make = worlds.NoNumber
    task.worlds.worlds = [worlds.NoNumber() for _ in task.worlds.worlds]
    found = {e.name: e.severity for e in preflight.examine(task)}
    assert found["world"] == BLOCKER


# -- during ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_raises_no_alarm_and_nothing_is_left_unexamined(name):
    found = trained(name).diagnosis()
    assert not found.alarm, found.causes
    assert found.outcome.state == "fine"
    assert found.unexamined == []
    assert not {f.kind for f in found.notes} - {"dead_units", "values_explain_nothing"}, found.notes


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("never at random", "never_explores"),
        ("no reward", "no_reward_met"),
        ("time is an end", "time_limit_as_end"),
        ("the wrong way", "entropy_collapse"),
        ("advantages alike", "advantages_constant"),
    ],
)
def test_an_illness_that_hurts_or_is_a_mistake_is_the_first_cause(name, kind):
    found = trained(name).diagnosis()
    assert found.alarm
    assert found.causes[0].kind == kind


def test_the_return_and_not_the_loss_tells_how_a_run_turned_out():
    chart = Chart.from_dict(trained("dqn").chart.to_dict())
    for block in chart.losses.blocks:
        block[2] = block[3] = block[4] = 100.0 + block[0]  # a loss that rises all the way
    assert not diagnose(chart).alarm
    chart.evaluations = [e | {"score": 4.0} for e in chart.evaluations]
    assert diagnose(chart).outcome.reasons == ["the return is 4; random play has 4.9"]


def test_what_was_learned_and_lost_again_is_told():
    chart = Chart.from_dict(trained("dqn").chart.to_dict())
    scores = [5.0, 9.0, 10.0, 10.0, 6.0, 5.0, 5.0]
    chart.evaluations = [{**chart.evaluations[0], "step": i, "score": s} for i, s in enumerate(scores)]
    assert diagnose(chart).outcome.reasons[0].startswith("the return fell from 9.667 to 5.333")


@pytest.mark.parametrize("name", ["dqn", "a2c, shared", "ppo"])
def test_the_doctor_changes_nothing_of_a_run(name):
    """Its copies share worlds and memory, and it plays at random in the judged worlds only."""
    weights = []
    for observed in (True, False):
        torch.manual_seed(0)
        task = HEALTHY[name]()
        watched = [Checkup()] if observed else []
        fit(task, 70, [*watched, Evaluate(30, watched)])
        weights.append({**task.state_dict(), "seen": torch.from_numpy(task.worlds.observations)})
    assert all(torch.equal(a, b) for a, b in zip(*(w.values() for w in weights), strict=True))


def test_random_play_is_the_mean_of_whole_episodes_or_nothing_is_said_of_it():
    task = in_world(length=20)
    found = acted.at_random(task.judged)
    assert found["episodes"] == 10
    assert found["length"] == 20
    assert found["return"] == pytest.approx(10, abs=2)  # of 20 answers half are right by chance
    assert found["rewarded"] == pytest.approx(0.5, abs=0.1)
    unfinished = acted.at_random(task.judged, seconds=0.0)
    assert unfinished["episodes"] == 0
    assert "return" not in unfinished


def test_what_a_time_limit_cut_is_counted_by_hand():
    no, yes = torch.tensor([False] * 4), torch.tensor([False, True, False, True])
    rewards_, targets = torch.tensor([1.0, 1.0, 2.0, 0.0]), torch.tensor([1.9, 1.0, 2.0, 0.9])
    found = acted.taught(Lessons(rewards_, targets, ended=no, cut=yes))
    assert (found["cut"], found["cut_as_end"], found["on"], found["on_as_end"]) == (2, 1, 2, 1)
    found = acted.taught(Lessons(rewards_, targets, ended=yes, cut=yes), valuing=False)
    assert (found["cut"], found["on"]) == (0, 0)


def acting_chart(steps=100, planned=100, looks=(), evaluations=(), **known):
    known = {"choices": 2, "amounts": 0, "gamma": 0.99, "solved": None, "looks": list(looks), **known}
    chart = Chart(steps=steps, facts={"planned_steps": planned, "acting": known})
    for evaluation in evaluations:
        chart.add_evaluation({"loss": None, **evaluation})
    return chart


def kinds(found):
    return [f.kind for f in found if f.severity != PASS]


def test_a_target_that_will_be_copied_later_is_no_illness_before_half_of_the_run():
    looks = [[step, {"target_apart": 0.01 * step, "target_mark": 5.0}] for step in range(8)]
    assert kinds(target_network.look(acting_chart(40, looks=looks))) == []
    assert kinds(target_network.look(acting_chart(60, looks=looks))) == ["target_never_synced"]
    looks[5][1]["target_mark"] = 6.0
    assert kinds(target_network.look(acting_chart(60, looks=looks))) == []


def test_a_memory_that_holds_most_of_a_short_run_is_large_enough():
    looks = [[0, {"capacity": 100.0}]]
    episodes = [{"step": 50, "score": 1.0, "env_steps": 200.0, "recent_length": 50.0}]
    assert kinds(replay.look(acting_chart(50, looks=looks, evaluations=episodes))) == []
    episodes[0]["env_steps"] = 20_000.0
    assert kinds(replay.look(acting_chart(50, looks=looks, evaluations=episodes))) == ["replay_too_small"]


def test_values_beyond_all_that_can_be_earned_are_a_mistake_in_itself():
    looks = [[0, {"on": 1.0, "reward_largest": 1.0}]]
    told = {"score": 1.0, "value_earned": 60.0, "value_spread": 30.0, "value_states": 50.0}
    for said, kind, defect in ((99.0, [], []), (130.0, ["values_overestimated"], [True])):
        seen = [{"step": step, "value_said": said, **told} for step in (10, 20)]
        found = values.look(acting_chart(looks=looks, evaluations=seen))
        assert kinds(found) == kind
        assert [f.defect for f in found if f.severity != PASS] == defect


def test_a_sure_policy_that_earns_is_left_in_peace():
    random = {"episodes": 10.0, "return": 20.0, "spread": 5.0, "alike": 0.0}
    for score, kind in ((21.0, ["entropy_collapse"]), (60.0, ["entropy_collapse"]), (400.0, [])):
        seen = [{"step": step, "score": score, "entropy": 0.01} for step in (10, 20, 30)]
        assert kinds(sureness.look(acting_chart(evaluations=seen, random=random, solved=475.0))) == kind


def test_the_sureness_of_amounts_is_told_from_where_it_began():
    random = {"episodes": 10.0, "return": -5.0, "spread": 1.0, "alike": 0.0}
    for last, kind in ((-1.0, []), (-6.0, ["entropy_collapse"])):
        seen = [{"step": i, "score": -5.0, "entropy": e} for i, e in enumerate((1.4, last, last))]
        assert kinds(sureness.look(acting_chart(evaluations=seen, random=random, choices=0, amounts=1))) == kind


def test_a_solved_world_in_which_all_episodes_earn_the_same_has_met_rewards():
    random = {"episodes": 10.0, "return": 20.0, "spread": 5.0, "alike": 0.0}
    same = {"recent_low": 500.0, "recent_high": 500.0, "recent_episodes": 100.0, "score": 500.0}
    seen = [{"step": step, **same} for step in range(5)]
    assert kinds(exploration.look(acting_chart(evaluations=seen, random=random))) == []


def test_few_rows_that_were_cut_prove_nothing():
    looks = [[0, {"cut": 2.0, "cut_as_end": 2.0, "on": 90.0, "on_as_end": 0.0}]]
    assert time_limit.look(acting_chart(looks=looks)) == []


def test_a_task_that_acts_is_told_by_its_worlds():
    assert acting.acts(in_world())
    assert not acting.acts(torch.nn.Linear(2, 2))


def test_what_is_asked_of_a_task_is_offered_by_all_that_act():
    """The names of the protocols are those of the tasks."""
    learner, policy = HEALTHY["dqn"](), HEALTHY["a2c"]()
    assert learner.memory.capacity == DQN["memory"]
    assert len(learner.memory) == learner.worlds.n
    assert learner.epsilon(0) == 1.0
    assert dict(learner.target.named_parameters()).keys() == dict(learner.model.named_parameters()).keys()
    for task in (learner, policy):
        lessons = task.lessons(next(iter(task.batches())))
        assert lessons.rewards.shape == lessons.targets.shape == lessons.ended.shape == lessons.cut.shape
        task.evaluate()
        assert math.isfinite(task.gamma)
    assert set(policy.surrogates) == {acting.POLICY}
    terms = [t for o in policy.objectives if isinstance(o, Objective) for t in o.loss(next(iter(policy.batches())))]
    assert {acting.POLICY, acting.VALUE} <= set(terms)


def test_amounts_are_drawn_within_their_bounds():
    task = playing(ppo, PPO, {"world": "reach", "options": ""})()
    found = acted.at_random(task.judged)
    assert found["episodes"] == 10
    assert np.isfinite(found["return"])
    assert acted.facts(task)["amounts"] == 1
