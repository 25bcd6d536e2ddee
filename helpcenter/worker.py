"""A gunicorn worker that answers on the spot what has already arrived in whole.

In: kept-alive connections with a request to read. Out: the answer, from the loop's own thread.
Why not plain `gthread`: it hands every request to a thread and is woken by it afterwards. Our requests are short work
for the processor, which Python lets one thread do at a time, so the two hand-overs buy nothing. What may wait (a new
connection, a request still arriving, a request with a body) goes to the threads as before.
"""

from __future__ import annotations

import re
import socket

from gunicorn.workers.gthread import TConn, ThreadWorker

WITHOUT_BODY = re.compile(rb"(?is)(?:GET|HEAD) (?!.*\n(?:content-length|transfer-encoding|expect)[ \t]*:)")
LONGEST_REQUEST = 16 * 1024
SEND_BUFFER = 512 * 1024
"""Holds any page whole, so that a slow reader never keeps the loop waiting in `send`."""


class Worker(ThreadWorker):  # type: ignore[misc]
    """`gthread`, less two thread switches for each request without a body on a kept-alive connection."""

    def init_process(self) -> None:
        """Called by gunicorn after the fork."""
        for listener in self.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # accepted sockets inherit it
        super().init_process()

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Called by the loop when a kept-alive connection has something to read."""
        if not arrived_whole(client):
            super().on_client_socket_readable(conn, client)
            return
        self.keepalived_conns.remove(conn)
        if self.handle(conn):
            conn.set_timeout()
            self.keepalived_conns.append(conn)
        else:
            self.poller.unregister(client)
            self.nr_conns -= 1
            conn.close(graceful=True)


def arrived_whole(client: socket.socket) -> bool:
    """Whether a request without a body can be read without waiting, and nothing comes behind it."""
    try:
        head = client.recv(LONGEST_REQUEST, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return False
    return head.endswith(b"\r\n\r\n") and head.count(b"\r\n\r\n") == 1 and WITHOUT_BODY.match(head) is not None
