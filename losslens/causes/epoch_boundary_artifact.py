"""A saw-tooth or staircase at epoch boundaries: a fact about logging, not a failure.

What the log shows
    The loss steps at the end of every epoch, by the same amount each time: a saw-tooth that neither grows nor
    matters, or a staircase downwards.

Why runs do this
    The progress bar's mean starts over with each epoch, the last batch is smaller than the others, the data are not
    reshuffled, or the model has begun to memorise and meets known samples again.

What else looks like this
    A bad sample that returns each epoch spikes at another place than the boundary. A saw-tooth whose height grows
    is no artefact.

What to try first
    Nothing. To be rid of it: log the loss of each step instead of the running mean, drop the last batch, reshuffle.

Sources
    https://keras.io/api/callbacks/ (how epoch means are reported),
    https://pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader (drop_last)
"""

from __future__ import annotations

CAUSE = "epoch-boundary-artifact"
TITLE = "Saw-tooth at epoch boundaries (a fact, not a failure)"
ALIAS_OF = ""
SOURCES = (
    "https://keras.io/api/callbacks/",
    "https://pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader",
)
