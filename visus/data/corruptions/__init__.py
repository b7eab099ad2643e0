"""What the world does to pictures, one change per file: to find out what a classifier stands.

`corrupt(images, severity, chance) -> images`: uint8 (B, 3, H, W) in, the same out, unchanged themselves. severity: 1
(hardly seen) to 5 (hard for people too). chance: (B, N_DRAWS) in [0, 1), drawn for each picture, so that a picture's
change does not depend on its batch. The label stays true.
"""
