"""A device computed wrongly: silent data corruption, a failing GPU or link.

What the log shows
    A spike of one point or a NaN without any precursor, not repeated when the same step is replayed; one rank only;
    log lines with XID or ECC errors; odd step times. Curves alone never prove it.

Why runs do this
    Defective memory, an unstable power supply or riser, a processor that miscomputes rarely. Large jobs meet it
    every week or two.

What else looks like this
    A bad batch and a numerical instability leave the same curve, and they do repeat on a replay. First attributions
    to hardware have been wrong before.

What to try first
    Replay the step from the checkpoint before it with the same data: if the value differs, test and exclude the
    device.

Sources
    Dixit et al. 2021, Silent data corruptions at scale, https://arxiv.org/abs/2102.11245.
    https://github.com/AlexeyAB/darknet/issues/5547, https://github.com/pytorch/torchtitan/issues/951,
    https://github.com/microsoft/dion/issues/76 (blamed first, and wrongly)
"""

from __future__ import annotations

from losslens.causes import remedies
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import around, broken, gradient, leap, loss, rise, siblings, thrown, validation
from losslens.causes.signs.build import missing, told
from losslens.model import Fix, NotChecked, Sign

CAUSE = "hardware-fault"
TITLE = "A hardware fault"
LEVEL = "mechanism"
SOURCES = (
    "https://arxiv.org/abs/2102.11245",
    "https://github.com/AlexeyAB/darknet/issues/5547",
    "https://github.com/pytorch/torchtitan/issues/951",
    "https://github.com/microsoft/dion/issues/76",
)


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        broken.infinite_first(facts, +1),
        thrown.validation_thrown(facts, +1),
        around.said_in_log(facts, "hardware", +1),
        around.said_in_log(facts, "nccl", +1),
        siblings.same_setup_survived(facts, +1),
        missing("replay-differs", "replay"),
        loss.nan_abrupt(facts, +1),
        rise.multiplied(facts, -1),
        rise.jumped(facts, +1),
        gradient.weights_jumped(facts, +1),
        siblings.same_step_as_sibling(facts, -1),
        rise.gradual(facts, -1),
        loss.nan_from_first(facts, -1),
        loss.onset_early(facts, -1),
        loss.huge_start(facts, -1),
        gradient.grad_led(facts, -1),
        validation.only_validation(facts, -1),
        leap.leaped(facts, +1),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    return (
        Fix(
            "Replay the step from the checkpoint before it, same data and seed; a different value proves the device",
            "torch.use_deterministic_algorithms(True); TORCH_NCCL_NAN_CHECK=1",
            "tf.config.experimental.enable_op_determinism()",
        ),
        Fix(
            "Test the device and exclude it",
            "dcgmi diag -r 3; nvidia-smi -q -d ECC",
            "dcgmi diag -r 3; nvidia-smi -q -d ECC",
        ),
        *remedies.go_back(facts, skip=False),
    )
