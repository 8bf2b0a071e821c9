"""Real clients, direct and through real proxies: each receives each message promptly, and resumes after a cut
without a loss. `run.py CHATROOM NODE_MODULES [WAY...]`; scripts/test-clients.sh prepares its needs."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import relay
import ways

HERE = Path(__file__).parent
CLIENTS = [
    "requests",
    "urllib3",
    "httpx",
    "aiohttp",
    "sseclient-py",
    "requests-sse",
    "launchdarkly-eventsource",
    "event-source-polyfill",
    "eventsource",
]
NODE = {"event-source-polyfill", "eventsource"}
# The longest delay of a message, in seconds. On a busy machine the measurement is repeated.
SOON = 0.2
TRIES = 3
MESSAGES = 8
PAUSE = 0.5
# The number of messages posted while the connections are down.
MISSED = 40
PATIENCE = 30


class Client:
    """A listener in a process of its own."""

    def __init__(self, name, port, modules):
        self.name = name
        self.relay = relay.Relay(port)
        url = f"http://127.0.0.1:{self.relay.port}/events?since=latest"
        node = name in NODE
        program = ["node", HERE / "listen.cjs"] if node else [sys.executable, HERE / "listen.py"]
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        if node:
            program[1] = modules / "listen.cjs"
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*program, name, url], stdout=subprocess.PIPE, stderr=self.said, env=environment
        )
        self.greetings = 0
        self.heard = []
        self.news = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            now = time.monotonic()
            event = json.loads(line)
            with self.news:
                if event["type"] == "hello":
                    self.greetings += 1
                else:
                    self.heard.append((event["text"], now))
                self.news.notify_all()

    def wait(self, what, found):
        with self.news:
            if not self.news.wait_for(lambda: found(self), PATIENCE):
                self.said.seek(0)
                words = self.said.read().decode(errors="replace")[-2000:]
                texts = [text for text, _ in self.heard]
                raise SystemExit(f"{self.name}: waited in vain for {what}; heard {texts}\n{words}")

    def texts(self):
        with self.news:
            return [text for text, _ in self.heard]

    def end(self):
        self.process.kill()
        self.process.wait()


class Room:
    def __init__(self, chatroom, folder):
        # The time of the disk must not count.
        flags = ["--listen", "127.0.0.1:0", "--max-rate", "0", "--no-announce", "--sync", "never"]
        command = [chatroom, "server", *flags]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for line in self.process.stdout:
            if "Listening on port " in line:
                self.port = int(line.split("Listening on port ")[1].split(".")[0])
                break
        else:
            raise SystemExit("the server does not start")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def say(self, text):
        """Posts a text; returns the time before."""
        began = time.monotonic()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/messages",
            text.encode(),
            {"Authorization": "Basic Y2k6"},  # base64 of ci:
        )
        urllib.request.urlopen(request, timeout=PATIENCE).read()
        return began


def answers(port):
    """Waits until a proxy lets requests through."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).read()
            return
        except OSError as error:
            if time.monotonic() > until:
                raise SystemExit(f"the proxy does not answer: {error}") from error
            time.sleep(0.05)


def lateness(room, clients, number):
    """Posts some messages; returns the longest and the median delay of each client."""
    began = {}
    for n in range(MESSAGES):
        text = f"said {number}.{n}"
        began[text] = room.say(text)
        time.sleep(PAUSE)
    late = {}
    for client in clients:
        client.wait("all that was said", lambda c: set(began) <= {text for text, _ in c.heard})
        times = sorted(at - began[text] for text, at in client.heard if text in began)
        late[client.name] = (times[-1], times[len(times) // 2])
    return late


def over_a_cut(room, clients):
    """Cuts all connections during many posts; no client may miss or repeat any of them."""
    greetings = {client: client.greetings for client in clients}
    for client in clients:
        client.relay.cut()
    for n in range(MISSED):
        room.say(f"missed {n}")
    for client in clients:
        client.relay.mend()
    for client in clients:
        client.wait("its coming back", lambda c: c.greetings > greetings[c])
    room.say("the last")
    for client in clients:
        client.wait("the last", lambda c: "the last" in [text for text, _ in c.heard])


def try_way(way, chatroom, modules):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        room = Room(chatroom, folder)
        port, proxy = ways.start(way, room.port, folder)
        clients = []
        try:
            answers(port)
            clients = [Client(name, port, modules) for name in CLIENTS]
            for client in clients:
                client.wait("the stream", lambda c: c.greetings)
            best = {}
            for number in range(TRIES):
                for name, late in lateness(room, clients, number).items():
                    best[name] = min(best.get(name, late), late)
                if max(worst for worst, _ in best.values()) <= SOON:
                    break
            over_a_cut(room, clients)
            said = [f"said {n}.{m}" for n in range(number + 1) for m in range(MESSAGES)]
            wanted = said + [f"missed {n}" for n in range(MISSED)] + ["the last"]
            wrong = []
            for client in clients:
                worst, middle = best[client.name]
                whole = client.texts() == wanted
                print(
                    f"{way:10} {client.name:25} {middle * 1000:6.0f} ms, at most {worst * 1000:6.0f} ms; "
                    f"over a cut: {'all, once and in order' if whole else 'NOT WHOLE'}",
                    flush=True,
                )
                if worst > SOON or not whole:
                    wrong.append(f"{client.name} {way}")
            return wrong
        finally:
            for client in clients:
                client.end()
            if proxy:
                proxy.terminate()
                proxy.wait()
            room.process.terminate()
            room.process.wait()


def main():
    chatroom, modules, *chosen = sys.argv[1:]
    wrong = []
    for way in chosen or ways.WAYS:
        wrong += try_way(way, Path(chatroom).resolve(), Path(modules).resolve())
    if wrong:
        raise SystemExit(f"Late, or not whole: {', '.join(wrong)}.")
    print("Every client received every message in time, and resumed without a loss.")


main()
