"""What is measured: rooms, loops, rates."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of load on sockets."""

    name: str
    title: str
    rooms: int
    size: int
    in_flight: int = 0
    """Messages under way in each room, for a closed loop."""
    rate: int = 0
    """Messages a second over all rooms, for a fixed rate."""
    inbox: bool = False
    per: str = "deliveries"
    """What the CPU is counted by: 10,000 deliveries or 1,000 messages."""

    @property
    def room_names(self) -> list[str]:
        """The names of its rooms in the plan of the seed."""
        return [f"a{number}" for number in range(self.rooms)] if self.size == 2 else [f"g{self.size}"]

    @property
    def members(self) -> list[tuple[int, int]]:
        """Every socket: the user's number and the room's."""
        if self.size == 2:
            return [(user, user // 2) for user in range(2 * self.rooms)]
        return [(user, 0) for user in range(self.size)]


A = Shape("A", "100 rooms of 2, one in flight in each", 100, 2, in_flight=1, per="messages")
B = Shape("B", "a room of 100, 10 in flight", 1, 100, in_flight=10)
C = Shape("C", "a room of 500, 5 in flight", 1, 500, in_flight=5)
B_LIGHT = Shape("B-light", "a room of 100, 20 messages a second", 1, 100, rate=20, per="messages")
A_LIGHT = Shape("A-light", "100 rooms of 2, 200 messages a second", 100, 2, rate=200, per="messages")
A_INBOX = Shape("A-inbox", "A on inbox sockets, users in 200 rooms", 100, 2, in_flight=1, inbox=True, per="messages")
B_INBOX = Shape("B-inbox", "B on inbox sockets, users in 200 rooms", 1, 100, in_flight=10, inbox=True)
C_INBOX = Shape("C-inbox", "C on inbox sockets, users in 200 rooms", 1, 500, in_flight=5, inbox=True)

LOADS = {shape.name: shape for shape in (A, B, C, B_LIGHT, A_LIGHT, A_INBOX, B_INBOX, C_INBOX)}
IDLE = "D"
HISTORY = "REST"
NAMES = [*LOADS, IDLE, HISTORY]

USERS = 2_050
IDLE_SOCKETS = 2_000
HISTORY_MESSAGES = 1_000_000
FILLER_USERS = 500
FILLER_ROOMS = 199


def seed_plan(names: list[str], history_messages: int) -> dict[str, object]:
    """What has to be in the database for the shapes of these names."""
    inbox = any(LOADS[name].inbox for name in names if name in LOADS)
    rooms = {f"a{number}": [2 * number, 2 * number + 1] for number in range(USERS // 2)}
    rooms |= {f"g{size}": list(range(size)) for size in (100, 500)}
    return {
        "users": USERS,
        "rooms": rooms | {"history": [0, 1]},
        "filler_users": FILLER_USERS if inbox else 0,
        "filler_rooms": FILLER_ROOMS if inbox else 0,
        "history": "history" if HISTORY in names else "",
        "history_messages": history_messages,
    }
