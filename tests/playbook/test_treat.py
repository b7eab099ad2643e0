"""`treat`: remedies are proposed, tried in pairs, kept only if they help; what is stopped goes on."""

import json
import signal
import time
from dataclasses import asdict

import numpy as np
import pytest
import torch

from visus.doctor.finding import WARNING, Finding
from visus.doctor.post_mortem import post_mortem
from visus.playbook import _trials, api, treat
from visus.playbook._paired import paired
from visus.playbook._remedies import IN_CASE, OWN, Remedy, further, propose
from visus.playbook._session import Silent
from visus.playbook._treatment import Trial
from visus.recipes import _form, digits_mlp
from visus.runs.reader import Run

AMPLE_S = 3600.0  # trials are as long as their run at most, so this takes no longer; a loaded machine must not matter
FORM = _form.fields(digits_mlp.build)
NOW = {name: field.default for name, field in FORM.items()}


def cause(kind="learning_rate_too_high", remedy="lower it", **change):
    return Finding(WARNING, "measured", kind=kind, remedy=remedy, change=change, weight=0.9)


# -- what is tried ----------------------------------------------------------------------------------------------------


def test_the_named_dose_comes_first_then_the_recipes_own_value_then_other_doses():
    now = {**NOW, "lr": 50.0}
    remedies, by_hand = propose([cause(lr={"times": 0.1})], FORM, now, {"lr": 50.0, "epochs": 2})
    assert [r.change for r in remedies[:3]] == [{"lr": 5.0}, {"lr": 0.05}, {"lr": 15.0}]
    assert [r.cause for r in remedies[:2]] == ["learning_rate_too_high", OWN]
    assert [str(r) for r in remedies if r.cause == IN_CASE] == ["lr 500"]
    assert by_hand == []


def test_what_no_setting_expresses_is_left_to_hands():
    labels = cause("labels_unrelated", "look at pictures with their labels")
    half = cause("several", lr={"times": 0.1}, shuffle=True)
    remedies, by_hand = propose([labels, half], FORM, NOW, {})
    assert by_hand == [labels, half]
    assert remedies[0].change == {"lr": 0.005}


@pytest.mark.parametrize(
    ("change", "now", "expected"),
    [
        ({"weight_decay": {"times": 10}}, {"weight_decay": 0.0}, {"weight_decay": 5e-4}),  # nothing times ten
        ({"smoothing": 1.7}, {}, {"smoothing": 0.5}),
        ({"batch": {"times": 0.3}}, {"batch": 64}, {"batch": 19}),
        ({"schedule": "cosine"}, {}, {"schedule": "cosine"}),
        ({"epochs": {"times": 3}}, {"epochs": 2.0}, {"epochs": 6.0}),
    ],
)
def test_changes_become_values_that_the_recipe_takes(change, now, expected):
    remedies, _ = propose([cause(**change)], FORM, {**NOW, **now}, {})
    assert remedies[0].change == expected


def test_a_change_to_what_is_so_already_is_no_remedy():
    remedies, _ = propose([cause(schedule="one_cycle")], FORM, NOW, {})
    assert all("schedule" not in r.change for r in remedies)


def test_a_further_dose_goes_on_in_the_same_direction():
    assert further(Remedy({"lr": 0.5}, "", 0.01), FORM).change == {"lr": 0.05}
    assert further(Remedy({"lr": 0.5}, "", 10.0), FORM).change == {"lr": 5.0}
    assert further(Remedy({"lr": 0.5}, OWN), FORM) is None
    assert further(Remedy({"epochs": 6}, "", 3.0), FORM) is None


# -- the interval -----------------------------------------------------------------------------------------------------


def test_the_paired_interval_is_students():
    from scipy.stats import ttest_rel

    before, after = [0.50, 0.62, 0.55, 0.58], [0.61, 0.70, 0.63, 0.71]
    expected = ttest_rel(after, before).confidence_interval(0.95)
    found = paired(before, after)
    assert (found.low, found.high, found.n) == pytest.approx((expected.low, expected.high, 4))


def test_pairing_cancels_what_the_seed_does():
    dice = np.random.default_rng(0)
    luck = dice.normal(0, 0.2, 6)
    found = paired(list(0.4 + luck), list(0.45 + luck + dice.normal(0, 0.005, 6)))
    assert 0.03 < found.low < found.mean < found.high < 0.07


def test_one_pair_has_no_interval():
    assert np.isnan(paired([0.1], [0.9]).low)
    with pytest.raises(ValueError, match="as many values before as after"):
        paired([0.1], [0.9, 0.8])


# -- a whole treatment, real ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def diverged(tmp_path_factory):
    """A real run whose rate is a thousand times too high, and its treatment."""
    runs = tmp_path_factory.mktemp("treat")
    folder, _ = api.train_recipe("digits_mlp", {"lr": 50.0, "epochs": 2.0, "arithmetic": "float32"}, runs)
    return folder, treat.treat(Run(folder), budget=AMPLE_S)


def test_a_rate_far_too_high_is_treated_to_a_lower_one(diverged):
    folder, found = diverged
    assert found.state == "helped"
    assert set(found.best.change) == {"lr"}
    assert found.best.change["lr"] < 1
    assert 0 < found.best.low < found.best.difference < found.best.high
    assert found.best.n == len(found.best.pairs) >= 3
    assert found.best.after > 0.7 > 0.2 > found.best.before
    assert all(outcome[0] == "hurt" for outcome in found.best.outcomes)
    assert found.diff == [("-", "lr = 50"), ("+", f"lr = {found.best.change['lr']:g}")]
    assert f"visus train digits_mlp lr={found.best.change['lr']:g} epochs=2 arithmetic=float32 --runs" in found.command
    assert found.command.split()[-1] == str(folder.parent)


def test_a_diverging_trial_is_a_result(diverged):
    _, found = diverged
    assert found.as_is.diverged
    assert found.as_is.score == 0.0  # answers that are no numbers are wrong answers


def test_the_treatment_is_kept_beside_the_run_and_in_its_report(diverged):
    folder, found = diverged
    kept = json.loads((folder / "treatment.json").read_text())
    assert kept["found"]["best"]["change"] == found.best.change
    (event,) = Run(folder).events("treatment")
    assert event["diff"] == [list(line) for line in found.diff]
    page = (folder / "report.html").read_text()
    assert found.verdict.split(":")[0] in page
    assert "What the remedies did" in page


def test_as_it_is_the_trial_is_the_run_itself(diverged):
    """Screened at the run's own length with its own seed, the run must repeat itself."""
    folder, found = diverged
    assert found.plan.screening == 1.0
    recorded = [event["loss"] for event in Run(folder).events("metrics")][:2]
    from visus.engine.loop import Observer, fit
    from visus.playbook._patient import admit

    class Losses(Observer):
        def after_improvement(self, step, objective, report):
            seen.append(float(report.loss))

    patient, seen = admit(Run(folder)), []
    fit(patient.task({}, patient.seed, 1.0), 8, [Losses()])
    assert [np.mean(seen[:4]), np.mean(seen[4:])] == pytest.approx(recorded, rel=1e-5)


def test_a_second_treatment_trains_nothing_again(diverged, monkeypatch):
    folder, found = diverged
    monkeypatch.setattr(_trials.Trials, "_train", lambda *_: pytest.fail("a known trial was made again"))
    assert treat.treat(Run(folder), budget=AMPLE_S).best == found.best


def test_a_healthy_run_has_nothing_to_treat(tmp_path):
    folder, _ = api.train_recipe("digits_mlp", {"epochs": 5.0, "arithmetic": "float32"}, tmp_path)
    found = treat.treat(Run(folder))
    assert (found.state, found.verdict) == ("healthy", "Nothing to treat: there is no alarm.")
    assert not (folder / "treatment.json").exists()


def test_a_playbooks_run_is_treated_with_its_own_pictures(stripes, tmp_path):
    skip = ["baselines", "checks", "search", "test", "report"]
    settings = {"width": 8, "epochs": 6, "arithmetic": "float32", "lr": 200.0, "weight_decay": 1e-4}
    fitted = api.fit(stripes, runs=tmp_path / "runs", skip=skip, **settings)
    found = treat.treat(Run(fitted.folder), budget=AMPLE_S)
    assert found.state == "helped"
    assert found.command.startswith(f"visus fit {stripes} width=8 epochs=6 arithmetic=float32 lr=")
    assert "--skip search" in found.command
    for file in list((stripes / "down").iterdir())[:12]:
        file.unlink()
    with pytest.raises(ValueError, match=r"have changed since .* was made"):
        treat.treat(Run(fitted.folder), budget=AMPLE_S)


# -- the course, with made-up scores ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ill_run(tmp_path_factory):
    """A run with an alarm; what its trials say is made up by the tests that use it."""
    settings = {"lr": 50.0, "weight_decay": 0.3, "epochs": 2.0, "arithmetic": "float32"}
    return api.train_recipe("digits_mlp", settings, tmp_path_factory.mktemp("ill"))[0]


@pytest.fixture
def made_up(ill_run, tmp_path, monkeypatch):
    """treated(score, budget): a treatment whose trials score what `score(change, seed)` says."""
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(ill_run, folder)
    trained = []

    def treated(score, budget=AMPLE_S):
        def train(trials, change, seed, share, watched):
            value = score(change, seed)
            trained.append((dict(change), seed, share))
            return Trial(dict(change), seed, share, 80, "validation_accuracy", value, False, 0.1, "hurt")

        monkeypatch.setattr(_trials.Trials, "_train", train)
        monkeypatch.setattr(treat, "write", lambda folder: None)  # the page is looked at where trials are real
        return treat.treat(Run(folder), budget=budget)

    treated.trained, treated.folder = trained, folder
    return treated


def noise(seed, *what):
    return float(np.random.default_rng([seed, *(abs(hash(w)) % 1000 for w in what)]).normal(0, 0.01))


def test_only_what_surely_helps_is_kept(made_up):
    luck = made_up(lambda change, seed: 0.5 + 0.2 * np.random.default_rng(seed + len(str(change))).random())
    assert luck.state == "nothing helped"
    assert luck.best is None
    assert luck.command == ""
    assert "None of the" in luck.verdict


def test_an_effect_too_small_to_matter_is_not_kept(made_up):
    found = made_up(lambda change, seed: 0.9 + (0.004 if change else 0.0))
    assert found.compared[0].low > 0
    assert found.state == "nothing helped"


def test_screening_and_confirming_seeds_differ(made_up):
    found = made_up(lambda change, seed: 0.9 if change == {"lr": 0.05} else 0.1)
    confirming = {seed for change, seed, _ in made_up.trained if change == {"lr": 0.05}} - {0}
    assert confirming == {1, 2, 3}
    assert found.best.n == 3


def test_two_remedies_that_help_together_are_combined(made_up):
    def score(change, seed):
        return 0.3 + 0.2 * (change.get("lr", 50) < 10) + 0.2 * (change.get("weight_decay", 0.3) < 0.1) + noise(seed) / 5

    found = made_up(score)
    assert set(found.best.change) == {"lr", "weight_decay"}
    assert found.best.difference == pytest.approx(0.4)
    assert "lr=" in found.command
    assert "weight_decay=" in found.command


def test_a_second_remedy_that_adds_nothing_is_left_out(made_up):
    def score(change, seed):
        return 0.7 if change.get("lr", 50) < 10 else 0.6 if change.get("weight_decay", 0.3) < 0.1 else 0.3

    assert set(made_up(score).best.change) == {"lr"}


def test_doses_go_on_while_the_furthest_is_the_best(made_up):
    found = made_up(lambda change, seed: 0.9 - 0.01 * abs(np.log10(change.get("lr", 50.0)) + 4.3))
    assert found.best.change == {"lr": 5e-5}


def test_an_open_answer_gets_more_seeds(made_up):
    found = made_up(
        lambda change, seed: 0.5 + (0.05 + (0.08, -0.03, 0.02)[seed % 3] if change.get("lr") == 0.05 else 0)
    )
    (compared,) = [c for c in found.compared if c.change == {"lr": 0.05}]
    assert compared.n > 3


def test_ctrl_c_keeps_the_trials_and_the_next_treatment_goes_on(made_up):
    def stopping(change, seed):
        if len(made_up.trained) == 4:
            raise KeyboardInterrupt
        return 0.9 if change == {"lr": 0.05} else 0.1

    cut = made_up(stopping)
    assert cut.state == "unfinished"
    assert "stopped by you" in cut.verdict
    assert len(json.loads((made_up.folder / "treatment.json").read_text())["trials"]) == 4
    made_up.trained.append("the interrupted one")
    whole = made_up(lambda change, seed: 0.9 if change == {"lr": 0.05} else 0.1)
    assert whole.state == "helped"
    made = [json.dumps(trial) for trial in made_up.trained]
    assert len(made) == len(set(made))


def test_ctrl_c_in_a_real_trial_ends_it_cleanly(ill_run):
    class Press(Silent):
        def progress(self, stage, done, total, text=""):
            if done >= 1.5:
                signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    cut = treat.treat(Run(ill_run), Press(), budget=AMPLE_S + 1)
    assert cut.state == "unfinished"
    made = json.loads((ill_run / "treatment.json").read_text())["trials"]
    assert all(trial["diverged"] for trial in made)  # one that diverges is over before half of its steps
    assert signal.getsignal(signal.SIGINT) is before


def test_a_treatment_that_is_torn_or_not_ours_is_made_anew(made_up):
    for text in ("{", '{"trials": [1], "budget_s": 3600.0}'):
        (made_up.folder / "treatment.json").write_text(text)
        assert made_up(lambda change, seed: 0.9 if change else 0.1).state == "helped"


# -- limits -----------------------------------------------------------------------------------------------------------


def test_a_budget_is_kept(ill_run):
    began = time.process_time()
    found = treat.treat(Run(ill_run), budget=3)
    assert found.state in ("helped", "unfinished", "nothing helped")
    assert time.process_time() - began < 12  # of computing, not of waiting for a loaded machine


def test_a_budget_for_nothing_says_what_it_takes(made_up):
    found = made_up(lambda change, seed: 0.5, budget=0.01)
    assert found.state == "unfinished"
    assert "--budget" in found.verdict
    assert made_up.trained == []


def test_threads_are_put_back(made_up):
    before = torch.get_num_threads()
    made_up(lambda change, seed: 0.5)
    assert torch.get_num_threads() == before


def test_an_unknown_recipe_is_refused_by_name(made_up):
    path = made_up.folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "recipe": "digits_mpl"}))
    with pytest.raises(LookupError, match=r"no 'digits_mpl' in recipes\. Did you mean 'digits_mlp'"):
        made_up(lambda change, seed: 0.5)


def test_a_setting_that_no_longer_exists_is_named(made_up):
    path = made_up.folder / "run.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps({**info, "settings": {**info["settings"], "momentum": 0.5}}))
    with pytest.raises(ValueError, match="was trained with momentum, a setting that digits_mlp does not have now"):
        made_up(lambda change, seed: 0.5)


def test_a_learner_that_only_remembers_is_left_alone(tmp_path, monkeypatch):
    folder, _ = api.train_recipe("digits_knn", {}, tmp_path)
    ill = post_mortem(Run(folder))
    found = treat.treat(Run(folder), diagnosis=type(ill)(**{**vars(ill), "alarm": True, "causes": [cause("by_hand")]}))
    assert found.state == "by hand"
    assert found.by_hand == ["by hand: lower it"]


def test_every_part_of_a_treatment_can_be_written_as_json(diverged):
    from visus.runs.recorder import plain

    assert json.loads(json.dumps(plain(diverged[1].to_dict())))["plan"] == asdict(diverged[1].plan)
