"""How far the intake has come, compared with a queue of which the test knows everything."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.incidents.watermarks import (
    HIDDEN_SECONDS,
    MOST_PROBES,
    IntakeLook,
    IntakeState,
    SentProbe,
    looked,
    with_probe,
)
from run_ledger.domain.instants import MICROSECONDS, Instant

START = 1_795_000_000
_sent = st.integers(0, 7_200)


def at(seconds: float) -> Instant:
    """Return an instant so many seconds after the start."""
    return Instant(round((START + seconds) * MICROSECONDS))


def swept(
    posted: Sequence[tuple[int, int]], probe_took: int, minutes: int, stop: tuple[int, int]
) -> list[tuple[int, IntakeState]]:
    """IntakeLook each minute at a queue, and return what each look made of it.

    *posted* says when messages were sent and posted. A probe takes *probe_took* seconds, and
    nothing is posted, nor does a probe come, within *stop*.
    """
    intake, found = IntakeState(), []
    arrivals: dict[str, int] = {}
    for now in range(60, 60 * minutes, 60):
        waiting = sum(sent <= now < done for sent, done in posted)
        waiting += sum(not sent_by(now, came) for came in arrivals.values())
        come = {name: at(came) for name, came in arrivals.items() if sent_by(now, came)}
        intake = looked(intake, IntakeLook(at(now), waiting, 0, come))
        found.append((now, intake))
        if intake.may_probe(at(now)):
            name = f"probe-{now}"
            intake = with_probe(intake, SentProbe(name, at(now)))
            arrivals[name] = held_up(now + probe_took, stop)
    return found


def sent_by(now: int, came: int) -> bool:
    """Return whether something that came at *came* is there at *now*."""
    return came <= now


def held_up(when: int, stop: tuple[int, int]) -> int:
    """Return when something happens that a stopped writer holds up."""
    return stop[1] + (when - stop[0]) % 50 if stop[0] <= when < stop[1] else when


@given(
    st.lists(st.tuples(_sent, st.integers(0, HIDDEN_SECONDS + 30)), max_size=40),
    st.integers(0, 70),
    st.tuples(_sent, st.integers(0, 3_600)),
)
def test_it_is_never_later_than_the_truth(
    sent: list[tuple[int, int]], probe_took: int, stop: tuple[int, int]
) -> None:
    """Whatever is sent, hidden for a while or held up by a stopped writer; and it goes on after."""
    span = (stop[0], stop[0] + stop[1])
    posted = [(when, held_up(when + took, span)) for when, took in sent]
    before: Instant | None = None
    found = swept(posted, probe_took, 240, span)
    for now, intake in found:
        if intake.watermark is None:
            continue
        unposted = [when for when, done in posted if when <= now < done]
        assert all(intake.watermark <= at(when) for when in unposted)
        assert before is None or intake.watermark >= before
        before = intake.watermark
    assert before is not None, "nothing is in the way any more"
    assert before >= at(239 * 60 - 300)


def test_a_busy_queue_does_not_hold_it_up_for_ever() -> None:
    """Where messages always wait it stays some minutes behind, and goes on."""
    always = [(second, second + 3) for second in range(7_200)]
    now, last = swept(always, 2, 110, (0, 0))[-1]
    assert last.watermark is not None
    assert at(now - 500) < last.watermark < at(now - HIDDEN_SECONDS)


def test_dead_letters_stop_it() -> None:
    """What they hold was never posted, so nothing after is known to be."""
    intake = IntakeState(watermark=at(0), probes=(SentProbe("a", at(60)),), empty_at=at(120))
    come = {"a": at(61)}
    assert looked(intake, IntakeLook(at(180), 0, 1, come)).watermark == at(0)
    assert looked(intake, IntakeLook(at(180), 0, 0, come)).watermark == at(60)


def test_it_waits_for_what_has_failed() -> None:
    """A message that failed is hidden, and comes again: it counts as waiting since it was sent."""
    intake = IntakeState(watermark=at(0), probes=(SentProbe("a", at(60)),), empty_at=at(120))
    look = IntakeLook(at(180), 0, 0, {"a": at(61)}, failing=at(31))
    assert looked(intake, look).watermark == at(31)
    older = look._replace(failing=at(-500))
    assert looked(intake, older).watermark == at(0), "it never goes back"


def test_one_empty_look_is_not_enough() -> None:
    """The counts are of a moment ago: two looks, half a minute apart, after the probe has come."""
    probes = (SentProbe("a", at(60)),)
    come = {"a": at(100)}
    behind = at(60 - 40 - HIDDEN_SECONDS - 60)
    for empty_at in (None, at(90), at(101)):
        intake = IntakeState(probes=probes, empty_at=empty_at)
        assert looked(intake, IntakeLook(at(120), 0, 0, come)).watermark == behind
    before = IntakeState(probes=probes, empty_at=at(100))
    after = looked(before, IntakeLook(at(120), 0, 0, come))
    assert after.empty_at == at(100), "a look that comes too soon does not take its place"
    assert looked(after, IntakeLook(at(130), 0, 0, come)).watermark == at(60)


def test_a_lost_probe_is_given_up() -> None:
    """Its place was taken by another's: three later ones came, and an hour passed."""
    names = ("lost", "b", "c", "d")
    intake = IntakeState(probes=tuple(SentProbe(one, at(60 * n)) for n, one in enumerate(names)))
    come = {one: at(300) for one in names[1:]}
    early = looked(intake, IntakeLook(at(3_600), 1, 0, come))
    assert early.watermark is None
    assert "lost" in {one.probe_id for one in early.probes}
    assert looked(early, IntakeLook(at(3_601), 1, 0, come)).watermark is not None


def test_a_stopped_writer_is_not_flooded_with_probes() -> None:
    """Only so many are under way, however long it is stopped; it is behind then, and says so."""
    last = swept([], 1, 200, (600, 99_999))[-1][1]
    assert len(last.probes) == MOST_PROBES
    assert last.is_behind_by(3_600, at(11_940))
    assert not last.is_behind_by(99_999, at(12_000))
    assert IntakeState(begun_at=at(0)).is_behind_by(900, at(901)), (
        "also where nothing was ever known"
    )
