"""A batch of one session → the rules that it breaks. Most batches can break none, which costs less to see than to try.

What a rule asks for only grows within a batch, so the session before it and the sums of the batch are enough to tell
that no event in between can be the one. Whatever is not that clear is taken in event by event.
"""

from collections.abc import Callable

from clickstream.detection import anomalies
from clickstream.detection.activities import Activities
from clickstream.detection.anomalies import Anomaly, broken_rules, contradiction
from clickstream.detection.sessions import CHECKOUT_TYPES, SessionState


def take_in(
    session_id: str,
    state: SessionState,
    activities: Activities,
    is_true_elsewhere: Callable[[str], bool] = lambda _: False,
) -> list[Anomaly]:
    """Have the state observe the activities; the rules that the session breaks with them for the first time."""
    if is_harmless(state, activities):
        state.observe_all(activities)
        return []
    found = []
    for activity in activities:
        state.observe(activity)
        found += broken_rules(session_id, state, activity, is_true_elsewhere)
    return found


def is_harmless(state: SessionState, activities: Activities) -> bool:
    """Whether none of the activities can break a rule, whatever their order. False if that is not sure."""
    memory, count = state.memory, len(activities)
    return (
        len(memory.times) + count < min(anomalies.CLICKS_PER_BURST, anomalies.CLICKS_PER_MINUTE)
        and len(memory.pages) + count < min(anomalies.PAGES_PER_BURST, anomalies.PAGES_PER_HOUR)
        and memory.repeats + count < anomalies.REPEATS
        and memory.backward_steps < anomalies.STEPS_BACK
        and not memory.orders
        and _has_harmless_types(state, activities)
        and _has_harmless_agents(state, activities)
        and not state.may_step_back(min(activities.times_us), max(activities.times_us))
    )


def _has_harmless_types(state: SessionState, activities: Activities) -> bool:
    kinds = activities.kinds
    return "purchase" not in kinds and (state.has_journey or CHECKOUT_TYPES.isdisjoint(kinds))


def _has_harmless_agents(state: SessionState, activities: Activities) -> bool:
    agents = set(activities.agents)
    if len(state.memory.agents) + len(agents) >= anomalies.AGENTS_PER_SESSION:
        return False
    return not any(agent.bot_reason or contradiction(agent.user_agent) for agent in agents)
