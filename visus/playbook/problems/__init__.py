"""What the stages of `visus fit` ask of each kind of thing a model may tell: one kind a file.

A file is named as `Collection.kind` and offers:

blind_score(prepared): what a model that ignores its input scores on the validation part, and a little luck.
baselines(session): the verdict of that stage. test(answers, truth, names): what was found on the test part.
said(name, score): a score in words.
"""
