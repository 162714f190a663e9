"""The loss scale fell to nothing: reported as mixed-precision-overflow when it leads, as a consequence otherwise.

What the log shows
    The dynamic loss scale halves step after step to its minimum; every step is skipped, so the loss stands still
    while rate and step go on.

Why runs do this
    The scale halves whenever a gradient is not finite and needs about 2000 good steps to double. Gradients that are
    never finite take it to nothing within some tens of steps.

What else looks like this
    A divergence: where loss or gradient norm left their course before the scale fell, the fall is a consequence,
    and fixing the precision does not help.

What to try first
    Compare the order of the onsets: scale, gradient norm, loss. Then the fixes of mixed-precision-overflow, or of
    what led.

Sources
    https://pytorch.org/docs/stable/amp.html#gradient-scaling,
    https://github.com/NVIDIA/DeepLearningExamples/issues/543, https://github.com/openai/guided-diffusion/issues/50
    (a consequence), https://github.com/facebookresearch/fairseq/issues/1529
"""

from __future__ import annotations

CAUSE = "loss-scale-collapse"
TITLE = "The loss scale collapsed (see mixed-precision-overflow)"
ALIAS_OF = "mixed-precision-overflow"
SOURCES = (
    "https://pytorch.org/docs/stable/amp.html#gradient-scaling",
    "https://github.com/NVIDIA/DeepLearningExamples/issues/543",
    "https://github.com/openai/guided-diffusion/issues/50",
    "https://github.com/facebookresearch/fairseq/issues/1529",
)
