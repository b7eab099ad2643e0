"""How learning proceeds: one loop, objectives, schedules, precision. Knows nothing of images, models or games."""
