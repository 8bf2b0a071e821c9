"""One Python listener: `listen.py CLIENT URL`. Prints a line of JSON for the stream's greeting and for each
message, as soon as the library delivers it. Resumes after a cut with the last id, by the library if it can, or
else by a few lines here, as its users would write them."""

import asyncio
import json
import sys
import time
from datetime import timedelta

URL = sys.argv[2]
NDJSON = {"Accept": "application/x-ndjson"}
SSE = {"Accept": "text/event-stream"}
last = None


def heard(data):
    """Handles one object of the stream."""
    global last
    event = json.loads(data)
    last = event.get("id", last)
    if event["type"] in ("hello", "message"):
        print(json.dumps({"type": event["type"], "text": event.get("text")}), flush=True)


def fields(form):
    return form | ({"Last-Event-ID": last} if last else {})


def lines(pieces):
    """The lines in pieces of bytes."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.decode() for line in whole)


def again(listen):
    """Listens, and reconnects after every end."""
    while True:
        try:
            for line in listen():
                if line.strip():
                    heard(line)
        except Exception as error:  # each library has its own
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        time.sleep(0.1)


def with_requests():
    import requests

    def listen():
        with requests.get(URL, headers=fields(NDJSON), stream=True, timeout=30) as answer:
            answer.raise_for_status()
            yield from (line.decode() for line in answer.iter_lines())

    again(listen)


def with_urllib3():
    import urllib3

    pool = urllib3.PoolManager(retries=False)

    def listen():
        form = NDJSON | urllib3.make_headers(accept_encoding=True)
        answer = pool.request("GET", URL, headers=fields(form), preload_content=False)
        try:
            yield from lines(answer.stream(512, decode_content=True))
        finally:
            answer.close()

    again(listen)


def with_httpx():
    import httpx

    def listen():
        with httpx.stream("GET", URL, headers=fields(NDJSON), timeout=30) as answer:
            answer.raise_for_status()
            yield from answer.iter_lines()

    again(listen)


def with_aiohttp():
    import aiohttp

    async def listen():
        while True:
            try:
                async with aiohttp.ClientSession() as session:
                    async with session.get(URL, headers=fields(NDJSON)) as answer:
                        answer.raise_for_status()
                        async for line in answer.content:
                            if line.strip():
                                heard(line)
            except Exception as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            await asyncio.sleep(0.1)

    asyncio.run(listen())


def with_sseclient():
    import requests
    import sseclient

    def listen():
        with requests.get(URL, headers=fields(SSE), stream=True, timeout=30) as answer:
            answer.raise_for_status()
            yield from (event.data for event in sseclient.SSEClient(answer).events())

    again(listen)


def with_requests_sse():
    from requests_sse import EventSource

    soon = timedelta(milliseconds=50)
    with EventSource(URL, timeout=30, reconnection_time=soon, max_connect_retry=8) as source:
        for event in source:
            heard(event.data)


def with_launchdarkly():
    from ld_eventsource import SSEClient
    from ld_eventsource.config import ConnectStrategy, ErrorStrategy, RetryDelayStrategy

    client = SSEClient(
        connect=ConnectStrategy.http(URL),
        initial_retry_delay=0.1,
        retry_delay_strategy=RetryDelayStrategy.default(max_delay=0.5),
        error_strategy=ErrorStrategy.always_continue(),
    )
    for event in client.events:
        heard(event.data)


{
    "requests": with_requests,
    "urllib3": with_urllib3,
    "httpx": with_httpx,
    "aiohttp": with_aiohttp,
    "sseclient-py": with_sseclient,
    "requests-sse": with_requests_sse,
    "launchdarkly-eventsource": with_launchdarkly,
}[sys.argv[1]]()
