"""A device computes wrongly."""

from __future__ import annotations

from losslens.model import LogEvent, Verdict
from tests.causes import make_runs as m

CAUSE = "hardware-fault"


def odd(events: tuple[LogEvent, ...] = ()) -> m.Made:
    others = {m.LR: m.constant(), m.GRAD: m.steady()}
    return m.made(m.spiking(width=0.5), Verdict.SPIKE_RECOVERED, 250, others=others, events=events)


def test_an_xid_line_at_the_onset_speaks_for_it() -> None:
    line = LogEvent("hardware", "NVRM: Xid (PCI:0000:3b:00): 79", "train.log", step=25_000)
    assert "log-says-hardware" in m.names(odd((line,)), CAUSE, +1)
    assert m.chance(odd((line,)), CAUSE) > 5 * m.chance(odd(), CAUSE)


def test_curves_alone_never_put_it_first() -> None:
    for at in (3, 50, 250):
        run = m.made(m.spiking(at=at, width=0.5), Verdict.SPIKE_RECOVERED, at)
        assert m.place(run, CAUSE) > 0


def test_the_replay_that_would_prove_it_is_named_as_missing() -> None:
    assert m.unchecked(odd(), CAUSE)["replay-differs"] == "replay"


def test_a_slow_rise_is_no_hardware_fault() -> None:
    run = m.made(m.exploding(tau=30.0, at=200), Verdict.EXPLODED, 200)
    assert "gradual-rise" in m.names(run, CAUSE, -1)
