"""The peers' routes in FastAPI, with the work in `async def` or in `def`: uvicorn, uvloop, httptools, one process."""

import asyncio
import hashlib
import json
import math
import os
import sys
import time

from fastapi import BackgroundTasks, FastAPI

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from listening import serve  # noqa: E402

settings = json.loads(os.environ.get("BENCH_SETTINGS", "{}"))
iterations = settings.get("burnIterations", 1)
greeting = {"hello": "world"}
app = FastAPI()


def compute():
    return {"hash": hashlib.pbkdf2_hmac("sha256", b"password", b"salt", iterations, 32).hex()}


def compute_in_python():
    """Holds the interpreter's lock for as long as compute() takes without it."""
    end = time.thread_time() + settings.get("burnMs", 0) / 1000
    turns = 0
    while time.thread_time() < end:
        turns += 1
    return {"turns": turns}


def short():
    return greeting


def slow():
    time.sleep(0.2)
    return {"held": True}


def runaway():
    turns = 0
    while True:
        turns += 1


def note(kind: str, name: str):
    with open(settings["ledger"], "a") as ledger:
        ledger.write(f"{kind} {name} {time.time() * 1000:.0f}\n")


async def wait_and_note(name: str):
    await asyncio.sleep(0.5)
    note("async", name)


def compute_and_note(name: str):
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", math.ceil(iterations * 0.1), 32)
    note("plain", name)


def in_async(work):
    async def operation():
        return work()

    return operation


for work in (compute, compute_in_python, short, slow, runaway):
    app.get(f"/{work.__name__}")(in_async(work) if settings.get("runs") == "loop" else work)


@app.get("/")
async def greet():
    return greeting


@app.get("/tasks/async/{name}")
async def add_async(name: str, tasks: BackgroundTasks):
    tasks.add_task(wait_and_note, name)
    return greeting


@app.get("/tasks/plain/{name}")
async def add_plain(name: str, tasks: BackgroundTasks):
    tasks.add_task(compute_and_note, name)
    return greeting


if __name__ == "__main__":
    serve(app)
