"""Trained models on disk that tell more than `ship.model`'s, one kind a file, as `model.json` says it "tells".

A file offers:

COMMAND: what people use such a model with, as "visus sample".
card(name, facts, stages): the card, Markdown. stages: the details of the playbook's verdicts so far.
save(folder, task, settings, stages): writes folder/model by `ship.model.save` and returns it. settings: of the recipe,
resolved.
load(folder): the model, ready to be used. It begins with `ship.model.contents`, which says what is damaged or missing.
"""
