"""Who of the account's people gets a role of the stack."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PeopleConfig:
    """The part of `cdk.config.Config` that is about people: ARNs of who may assume which role; empty for no role.

    Attributes:
        analyst_principal: May ask about everything in which nobody is named.
        scientist_principal: May ask about every event, and train models.
        on_call_principal: May look at what runs, and start it again.
        recovery_principal: May bring back what was given up, for which payloads as they were sent are read.
    """

    analyst_principal: str = ""
    scientist_principal: str = ""
    on_call_principal: str = ""
    recovery_principal: str = ""

    @property
    def has_people(self) -> bool:
        """Somebody gets a role."""
        principals = (self.analyst_principal, self.scientist_principal, self.on_call_principal)
        return any((*principals, self.recovery_principal))
