"""A connection that can be cut: a relay that forwards everything until it is told to break off."""

import socket
import struct
import threading


class Relay:
    def __init__(self, target):
        self.target = target
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.lock = threading.Lock()
        self.open = set()
        self.cut_off = False
        self.came = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.door.accept()
            with self.lock:
                self.came += 1
                if self.cut_off:
                    reset(near)
                    continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                reset(near)
                continue
            with self.lock:
                self.open |= {near, far}
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    def carry(self, one, other):
        try:
            while piece := one.recv(65536):
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        """Breaks off all connections, even in the middle of an event, and refuses new ones."""
        with self.lock:
            self.cut_off = True
            for one in self.open:
                reset(one)
            self.open.clear()

    def mend(self):
        with self.lock:
            self.cut_off = False


def reset(one):
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()
