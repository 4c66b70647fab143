"""Live delivery: events go over the bus to the hub of each process, and from there, in order, to its sockets.

event     what travels: a ready frame with its place in its topic's order
publish   the one door, called by `*.events` only: after the commit, to every process
bus       the way between processes: the channel layer, or nothing in a single process
hub       one per process: topics, sockets, sessions; ordering, repair, heartbeat
feed      one topic's order: what is due, what waits for a hole, who is joining (no I/O)
outbox    one socket's outgoing side: never waits, bounded
sources   where a topic repairs itself from; filled in by the apps
"""
