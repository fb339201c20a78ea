"""Many runs of a sequence of three steps by LangGraph, each step kept by its PostgreSQL checkpointer.

    python langgraph_sequences.py DATABASE_URL RUNS AT_ONCE

Prints one line of JSON, as bench/programs/src/bin/sequences.rs does. The work of a step is the same: nothing but the
answer of an instant model.
"""
import asyncio
import json
import resource
import sys
import time
from typing import TypedDict

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

STEPS = ("coder", "reviewer", "summariser")


class State(TypedDict):
    text: str


async def ask(state: State) -> State:
    return {"text": state["text"] + " and on"}


async def main(url, runs, at_once):
    settings = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    # As many connections as swarm's store has.
    async with AsyncConnectionPool(url, min_size=16, max_size=16, kwargs=settings) as pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        graph = StateGraph(State)
        for name in STEPS:
            graph.add_node(name, ask)
        for before, after in zip((START, *STEPS), (*STEPS, END)):
            graph.add_edge(before, after)
        # "sync": a step is kept before the next one begins, as a durable engine does.
        compiled = graph.compile(checkpointer=saver)
        turn = asyncio.Semaphore(at_once)

        async def one(number):
            async with turn:
                config = {"configurable": {"thread_id": f"run-{number}"}}
                end = await compiled.ainvoke({"text": f"task {number}"}, config, durability="sync")
                assert end["text"] == f"task {number} and on and on and on", end

        begun = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(runs)))
        took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"runs": runs, "steps": len(STEPS), "at_once": at_once, "seconds": took, "peak_bytes": peak}))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
