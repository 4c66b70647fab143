"""What can go wrong in a room."""

from http import HTTPStatus

from chatapi.errors import Problem


class NotAMember(Problem):
    """You are no longer in this room; its history up to your leaving stays readable."""

    code = "not_a_member"
    title = "You are not in this room any more."
    status = HTTPStatus.FORBIDDEN


class CannotSend(Problem):
    """Nothing can be sent to this person: a block, their privacy or their account; which one is not told."""

    code = "cannot_send"
    title = "Nothing can be sent to this person."
    status = HTTPStatus.FORBIDDEN


class ClientIdReused(Problem):
    """This `client_id` was already used in this room for a message with another body."""

    code = "client_id_reused"
    title = "The client_id belongs to another message."
    status = HTTPStatus.CONFLICT


class UnknownFrame(Problem):
    """The frame's `type` is not one this socket knows."""

    code = "unknown_frame"
    title = "The frame type is not known."


class NotAuthenticated(Problem):
    """The socket's first frame must be `auth`."""

    code = "not_authenticated"
    title = "Authenticate first."
    status = HTTPStatus.UNAUTHORIZED
    retry = "reauth"
