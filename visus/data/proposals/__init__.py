"""Where objects may be, told without having learned anything. One file each: `find(image, most)` -> boxes.

image: uint8 (H, W, 3). Returns float32 (P, 4), x1, y1, x2, y2 in pixels, each once, P at most `most`, the best first;
the same for the same picture. VERSION counts what changes the answer: it is part of the cache's key.
"""
