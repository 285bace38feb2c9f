"""What can go wrong with the platform, in words for the person at the keyboard."""


class PlatformError(Exception):
    """The platform cannot do what was asked; the message says why and what to do next."""
