"""What a model may be about, one kind a file: pictures, text, captions, segmentation, generation and so on.

A file is named as the word of `visus fit WORD SOURCE` and as `SUBJECT` in the recipes that train such models; a recipe
without one is about pictures. What the shared stages ask of it is `_subject.Subject`.
"""
