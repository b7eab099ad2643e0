"""What a person typed for a search: `lr=1e-4..1e-1` a range, `optimizer=sgd,adam` choices, `hidden=64` one value."""

from collections.abc import Callable, Mapping
from typing import Any

from ..engine import catalogue
from ..recipes import _descent, _form, classify
from ..search import Choices, Space, Span
from .search import space_of, span

RANGE, LIST = "..", ","
LOG_FROM = 100.0  # times: a range so wide without a scale of its own is searched on a logarithmic one
FIXED = {  # settings that every trial must share, and why
    "data": "all trials see the same pictures",
    "size": "all trials see the same pictures",
    "framing": "all trials see the same pictures",
    "memory": "it changes no result",
    "model": "its own settings would change with it; make a search for each model and `visus compare`",
    "epochs": "it is how long the longest trials are",
    "workers": "it changes no result",
    "arithmetic": "it is measured once for all trials",
    "device": "all trials are made in one place",
    "seed": "the best are repeated over seeds anyway",
}


def divide(build: Callable[..., Any], typed: Mapping[str, str]) -> tuple[dict[str, Any], Space]:
    """Fixed values, and the space of what is to be searched: the ranges typed, or all that the recipe has.

    Raises ValueError for what cannot be searched, or is no value, in one sentence.
    """
    searched = {name: text for name, text in typed.items() if RANGE in text or LIST in text}
    # A path may hold dots and commas; what must be fixed anyway is read as it is, where it has no range to be refused.
    searched = {name: text for name, text in searched.items() if name not in ("data",)}
    fixed = {name: text for name, text in typed.items() if name not in searched}
    values = _form.read(build, fixed)
    form = _form.fields(build, fixed)
    for name in searched:
        if name not in form:
            raise ValueError(f"no setting '{name}'.{catalogue.nearest(name, form)} Settings: {', '.join(form)}.")
        if name in FIXED:
            raise ValueError(f"{name} cannot be searched, since {FIXED[name]}; give it one value")
    _descent.refuse_idle(values.get("optimizer"), searched)
    descends = True
    if "features" in form:  # of pictures, whose classifiers need not descend
        model = str(values.get("model", form["model"].default))
        classify.refuse_idle(model, values)
        classify.refuse_idle(model, list(searched))
        descends = classify.descends(model)
    if searched:
        return values, {name: _typed(form[name], text) for name, text in searched.items()}
    space = space_of(form, {*values, *(_descent.idle(values.get("optimizer")) if descends else classify.DESCENT)})
    if not space:
        raise ValueError("nothing is left to search; type a range, for example lr=1e-4..1e-1, or choices, k=1,3,5")
    return values, space


def _typed(field: _form.Field, text: str) -> Span | Choices:
    if LIST in text:
        values = [field.parse(word) for word in text.split(LIST)]
        if len(values) < 2 or len(set(values)) < len(values):
            raise ValueError(f"{field.name} needs different values between commas, for example 1,3,5; got '{text}'")
        return Choices(tuple(values))
    ends = text.split(RANGE)
    if field.kind not in (int, float):
        raise ValueError(f"{field.name} is a word, so it has no range; list the words: {field.name}=a,b,c")
    if len(ends) != 2 or not all(ends):
        raise ValueError(f"{field.name} needs a range from low to high, for example 1e-4..1e-1; got '{text}'")
    low, high = (field.parse(end) for end in ends)
    if not low < high:
        raise ValueError(f"{field.name} needs a range from low to high, for example 1e-4..1e-1; got '{text}'")
    wide = low > 0 and high / low >= LOG_FROM
    return span(field, low, high, low > 0 and (field.search.log if field.search else wide))
