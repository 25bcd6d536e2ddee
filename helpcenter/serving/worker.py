"""A gunicorn worker that receives in its loop and answers plain requests on the spot.

In: connections. Out: answers. Why not plain `gthread`: it gives every request to a thread, which then waits for the
client, so that eight clients who stop in the middle of a header hold up everybody. Here they wait in the loop until
their time is up. And `gthread` spends 135 µs of processor time on a request besides the application's, before it has
handed anything to a thread and back; the short way here spends 11 µs, where Flask over an empty view takes 100.
"""

from __future__ import annotations

import errno
import gc
import mmap
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from gunicorn import util
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from helpcenter.serving.plain_http import Refused, call, plain_environ, request_size

BAD = "HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
PATIENCE = 10.0
"""Seconds from the first byte of a request to its last."""
SEND_BUFFER = 512 * 1024
"""Takes any page whole, so that a slow reader keeps nobody waiting; what does not fit is sent by a thread."""
SWITCH = 0.0005
"""Seconds until a thread makes way for another. Python's own 5 ms are what each answer would wait while the thread that
counts searches is at work: at 1,000 searches a second every thirtieth."""
YOUNG = 20_000
"""New objects until the collector looks for circles among them. A page of results makes more than Python's own 700, and
leaves next to none: 6 % of its time went there."""
LOAD = memoryview(mmap.mmap(-1, 256)).cast("i")
"""Shared by all workers: 1 + the connections of each, 0 for none such."""
HEAD_START = 0.01
"""Seconds that a busier worker leaves a new connection to the others. Kept-alive connections stay where they are, and
without this the first worker to wake takes most of them: eight clients then had half the answers a second."""


class Connection(TConn):  # type: ignore[misc]
    """A client, what it has sent so far, and in which of the worker's queues it waits."""

    received = b""
    queue: deque[Connection] | None = None


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker with another way from readable socket to answer; its loop, limits and end stay."""

    accept_from = 0.0
    """Until then (`time.monotonic`) new connections are left to the other workers."""

    def init_process(self) -> None:
        """Called by gunicorn after the fork."""
        for listener in self.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # accepted sockets inherit it
        sys.setswitchinterval(SWITCH)
        gc.set_threshold(YOUNG, 10, 10)
        super().init_process()

    def init_signals(self) -> None:
        """Called by gunicorn; a stop that came since the fork is seen now."""
        super().init_signals()
        release_stop()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Called by the loop each time round, and by `accept` to leave a connection to the others for a while."""
        if not enabled or time.monotonic() >= self.accept_from:
            super().set_accept_enabled(enabled)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Called by the loop; looks again soon while new connections are left to others."""
        super().wait_for_and_dispatch_events(
            min(timeout, HEAD_START) if self.alive and not self._accepting else timeout
        )

    @property
    def slot(self) -> int:
        """Where in LOAD this worker stands; `age` counts all workers ever started."""
        return int(self.age) % len(LOAD)

    def notify(self) -> None:
        """Called by the loop each time round."""
        LOAD[self.slot] = self.nr_conns + 1
        super().notify()

    def forget(self) -> None:
        """Called in the parent when the worker has ended, however it did."""
        LOAD[self.slot] = 0

    def accept(self, listener: socket.socket) -> None:
        """Called by the loop of every worker when somebody connects; the first to accept has them."""
        now = time.monotonic()
        waited = self.accept_from <= now < self.accept_from + HEAD_START
        if not waited and self.nr_conns >= min(filter(None, LOAD), default=0):
            self.accept_from = now + HEAD_START
            self.set_accept_enabled(False)
            return
        self.accept_from = 0.0
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        conn = Connection(self.cfg, client, address, listener.getsockname())
        conn.initialized = True
        self.nr_conns += 1
        LOAD[self.slot] = self.nr_conns + 1
        self.poller.register(client, selectors.EVENT_READ, partial(self.on_readable, conn))
        self.wait(conn)

    def on_readable(self, conn: Connection, client: socket.socket) -> None:
        """Called by the loop when a client has sent something, or has left."""
        try:
            data = client.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            conn.received += data
            self.proceed(conn)
        else:
            self.drop(conn)

    def proceed(self, conn: Connection) -> None:
        """Answer what has arrived in whole, then wait for more."""
        try:
            while size := request_size(conn.received):
                request, conn.received = conn.received[:size], conn.received[size:]
                if not self.respond(conn, request):
                    return
        except Refused as refusal:
            self.send(conn, BAD.format(refusal).encode(), keep=False)
            return
        self.wait(conn)

    def respond(self, conn: Connection, request: bytes) -> bool:
        """Answer one request; False when the connection is no longer the loop's to read from."""
        environ = None if self.cfg.accesslog else plain_environ(request, conn.client, conn.server)
        if environ is None:
            conn.parser = RequestParser(self.cfg, [request], conn.client)
            self.give_to_thread(conn, partial(self.handle, conn))
            return False
        keep = self.alive and environ.get("HTTP_CONNECTION", "").lower() != "close"
        try:
            answer = call(self.wsgi, environ, keep)
        except Exception:
            self.log.exception("Error handling request %s", environ["RAW_URI"])
            keep, answer = False, BAD.format("500 Internal Server Error").encode()
        return self.send(conn, answer, keep)

    def send(self, conn: Connection, answer: bytes, keep: bool) -> bool:
        """Send all that the socket takes at once; a thread sends the rest. Returns as `respond` does."""
        try:
            sent = conn.sock.send(answer)
        except BlockingIOError:
            sent = 0
        except OSError:
            keep, sent = False, len(answer)
        if sent < len(answer):
            self.give_to_thread(conn, partial(send_rest, conn.sock, answer[sent:], keep))
            return False
        if not keep:
            self.drop(conn)
        return keep

    def give_to_thread(self, conn: Connection, work: Callable[[], bool]) -> None:
        """Let a thread work for `conn`; whether the connection stays open is the result."""
        self.leave_queue(conn)
        self.poller.unregister(conn.sock)
        future = self.tpool.submit(work)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def finish_request(self, conn: Connection, future: Future[bool]) -> None:
        """Called by the loop when a thread has done its work."""
        if future.cancelled() or future.exception() or not future.result():
            self.nr_conns -= 1
            util.close(conn.sock)
            return
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_readable, conn))
        self.proceed(conn)

    def wait(self, conn: Connection) -> None:
        """Queue for the next request, or keep the place in the queue of those in the middle of one."""
        now = time.monotonic()
        if not conn.received:
            self.enter_queue(conn, self.keepalived_conns)
            conn.timeout = now + (self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER)
        elif conn.queue is not self.pending_conns:
            self.enter_queue(conn, self.pending_conns)
            conn.timeout = now + PATIENCE

    def enter_queue(self, conn: Connection, queue: deque[Connection]) -> None:
        """At its end: gunicorn drops from the front those whose time is up."""
        self.leave_queue(conn)
        queue.append(conn)
        conn.queue = queue

    def leave_queue(self, conn: Connection) -> None:
        """From whichever it is in."""
        if conn.queue is not None:
            conn.queue.remove(conn)
            conn.queue = None

    def drop(self, conn: Connection) -> None:
        """Close and forget."""
        self.leave_queue(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        util.close(conn.sock)


def send_rest(client: socket.socket, data: bytes, keep: bool) -> bool:
    """In a thread: send `data` within `PATIENCE`; whether the connection stays open."""
    try:
        client.settimeout(PATIENCE)
        client.sendall(data)
    except OSError:
        return False
    return keep


def hold_stop() -> None:
    """Let SIGTERM wait; called before a fork, for the child would take it with its parent's handler, and so miss it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])


def release_stop() -> None:
    """Take SIGTERM again, and one that waits at once."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
