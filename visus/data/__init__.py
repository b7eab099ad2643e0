"""Where pictures come from: importers, decoding, audit, split, preprocessing, augmentation, batches."""
