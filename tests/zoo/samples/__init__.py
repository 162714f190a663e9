"""The makers of ``sample_logs/``: one file a story, each a real training with a fixed seed.

``python -m tests.zoo.samples`` makes all again, ``python -m tests.zoo.samples STORY`` one. A maker trains, logs
with the real logger, trains the twin (same seed, same order of the data, without the fault) and measures from the
twin where the faulty run parted from it. Nobody edits a number. What was measured is kept in ``truth.json`` beside
this file.
"""
