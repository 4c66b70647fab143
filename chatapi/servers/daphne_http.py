"""daphne's HTTP, with a bound on what one connection may leave untaken or upload.

Twisted goes on with the next pipelined request while the answer to the last one still lies in memory: a client that
asks for a large file hundreds of times and never reads held 450 MB. And it spools a body of any length to disk before
anybody is asked.
"""

from typing import Any

from twisted.web.http import HTTPChannel

from chatapi.servers.bodies import is_refused


class Channel(HTTPChannel):
    """One connection: the next request waits until the client has taken the answer to the last one."""

    _untaken: Any = None
    """The request whose answer the client has not taken yet."""
    _refused = False
    """Whether the request under way has a body that is not read (`bodies`)."""

    def requestDone(self, request: Any) -> None:
        """The answer is complete: written, if not taken."""
        if self._waitingForTransport and self.persistent:
            self._untaken = request
            self.setTimeout(self.timeOut)  # who takes nothing for so long is cut off
        else:
            super().requestDone(request)

    def resumeProducing(self) -> None:
        """The client has taken what was written."""
        super().resumeProducing()
        request, self._untaken = self._untaken, None
        if request is not None:
            super().requestDone(request)

    def connectionLost(self, reason: Any = None) -> None:
        """The client is gone; an answer that is complete has nobody to tell of it any more."""
        if self._untaken is not None:
            self.requests.remove(self._untaken)
        super().connectionLost(reason)

    def allHeadersReceived(self) -> None:
        """A body that will be refused counts as none: the application answers on what the headers say."""
        if is_refused(self.length, chunked=self.length is None):
            self._refused, self.length = True, 0
            self.requests[-1].requestHeaders.removeHeader(b"Expect")
        super().allHeadersReceived()

    def checkPersistence(self, request: Any, version: Any) -> bool:
        """Behind a body that was not read there is no next request."""
        return not self._refused and bool(super().checkPersistence(request, version))

    def rawDataReceived(self, data: bytes) -> None:
        """Bytes of a body, or of pipelined requests."""
        if not self._refused:
            super().rawDataReceived(data)
