"""Sends: what was answered is stored, once, in one order (I1 to I4, I6, I7)."""

from collections import Counter, defaultdict

from tests.faults.checkers.record import Record
from tests.faults.history import Answered, Invoked, ReadBack, Refused


def answered_is_stored(record: Record) -> list[str]:
    """I1: every send that was answered is there at the end, as it was answered."""
    wrong = []
    for key, answers in record.answers.items():
        stored = {(row.id, row.seq, row.text) for row in record.rows.get(key, [])}
        wrong += [
            f"answered and not stored like that: {answer}"
            for answer in answers
            if (answer.id, answer.seq, answer.text) not in stored
        ]
    return wrong


def nothing_unexpected(record: Record) -> list[str]:
    """I2: what was refused is not there; what is there, somebody sent, word for word."""
    refused = {(refusal.sender, refusal.room, refusal.client_id) for refusal in record.of(Refused)}
    wrong = [f"refused and stored: {key}" for key in refused & record.rows.keys()]
    for key, rows in record.rows.items():
        sent = record.invoked.get(key)
        if sent is None:
            wrong.append(f"stored and never sent: {rows[0]}")
        elif any(row.text != sent.text for row in rows):
            wrong.append(f"stored is not what was sent: {rows}")
    return wrong


def one_message_per_send(record: Record) -> list[str]:
    """I3: one message per sender, room and `client_id`; every repeat is answered with it."""
    wrong = [f"stored {len(rows)} times: {key}" for key, rows in record.rows.items() if len(rows) > 1]
    for key, answers in record.answers.items():
        if len({(answer.id, answer.seq) for answer in answers}) > 1:
            wrong.append(f"repeats were answered differently: {key}: {sorted({answer.seq for answer in answers})}")
    return wrong


def places_are_dense(record: Record) -> list[str]:
    """I4: the places of a room are 1 to n, each taken once, and `rev` grows with them."""
    wrong = []
    for room, rows in record.rooms.items():
        places = [row.seq for row in rows]
        if places != list(range(1, len(rows) + 1)):
            doubled = [place for place, times in Counter(places).items() if times > 1][:5]
            missing = sorted(set(range(1, len(rows) + 1)) - set(places))[:5]
            wrong.append(f"{room}: doubled {doubled}, missing {missing}")
        numbers = [row.rev for row in rows]
        if numbers != sorted(set(numbers)):
            wrong.append(f"{room}: rev does not grow with seq")
    return wrong


def order_is_kept(record: Record) -> list[str]:
    """I6: a send that began after another was answered comes after it; sends in a row on one socket stay in a row."""
    return [*_order_in_time(record), *_order_in_bursts(record)]


def _order_in_time(record: Record) -> list[str]:
    wrong = []
    newest: dict[str, int] = defaultdict(int)
    floors: dict[tuple[str, str, str], int] = {}
    for event in record.events:
        if isinstance(event, Invoked):
            floors.setdefault((event.sender, event.room, event.client_id), newest[event.room])
        elif isinstance(event, Answered):
            floor = floors.get((event.sender, event.room, event.client_id), 0)
            if event.seq <= floor:
                wrong.append(f"answered with {event.seq}, though {floor} was answered before it began: {event}")
            newest[event.room] = max(newest[event.room], event.seq)
    return wrong


def _order_in_bursts(record: Record) -> list[str]:
    bursts: dict[str, list[int]] = defaultdict(list)
    for send in record.of(Invoked):
        if send.burst:
            answers = record.answers.get((send.sender, send.room, send.client_id), [])
            bursts[send.burst] += [answer.seq for answer in answers if answer.first][:1]
    return [f"sent in a row, stored as {places}" for places in bursts.values() if places != sorted(places)]


def own_writes_are_read(record: Record) -> list[str]:
    """I7: who has an answer finds the message at once."""
    return [f"answered and not found: {look}" for look in record.of(ReadBack) if not look.found]
