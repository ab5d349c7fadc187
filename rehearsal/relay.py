"""Bytes passed between two connections, in both directions."""

import select
import socket


def relay(one: socket.socket, other: socket.socket, *, idle: float | None) -> None:
    """Pass on what each of two connections sends, until one of them ends.

    Args:
        one: a connection.
        other: the other one.
        idle: seconds of silence after which it ends. None: it may be silent for ever.

    Raises:
        OSError: one of them broke.
    """
    pair = {one: other, other: one}
    while ready := select.select(list(pair), [], [], idle)[0]:
        for source in ready:
            data = source.recv(65536)
            if not data:
                return
            pair[source].sendall(data)
