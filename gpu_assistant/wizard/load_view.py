"""What the load tests of the session mean, with what the window knows of prices and machines. Pure."""

from __future__ import annotations

from gpu_assistant.wizard.navigation import here
from gpu_assistant.wizard.state import WizardState
from gpu_assistant.workflows.load.advice import LoadAdvice, advise
from gpu_assistant.workflows.load.place import find_place


def load_advice(state: WizardState, number: int) -> LoadAdvice:
    """The advice for `state.load_runs[number]`; earlier ones of the same service count."""
    run = state.load_runs[number]
    compute_target = next((one.compute_target for one in state.services if one.name == run.name), "")
    place = find_place(
        here(state),
        compute_target,
        offers=state.offers or (),
        practice=state.place is not None and state.place.site.practice,
    )
    return advise(run, place, earlier=state.load_runs[:number])
