"""What can go wrong before anything is sent. Every message is one sentence that says what to do next."""

from __future__ import annotations


class ClientError(Exception):
    """The base of this package's errors; ``exit_code`` is what the command ends with."""

    exit_code = 1


class InputError(ClientError):
    """A file or an option cannot be used; raised before anything is sent."""

    exit_code = 2
