"""What models of pictures are judged by, one measure a file: likelihood, likeness of what comes back, or of samples.

MEASURE: its name. serves(network): whether networks of this kind are judged so; one file says yes. said(score): a
validation score in words; what tasks report is at most 0, more is better. blind(drawings): the validation score of what
is drawn without having learned. simple(drawings, settings, seed, tell): validation scores of simple methods by name.
test(painter, drawings, part, rival, settings, seed, tell): `_tested.Tested`.
"""
