"""What a start tells: everything, in order, to whoever watches and whenever they come."""

import asyncio
from typing import Any

from hub.servers.events import StartEvents


async def watch(events: StartEvents) -> tuple[list[dict[str, Any]], asyncio.Task[None]]:
    """What is told from now on, and who collects it."""
    seen: list[dict[str, Any]] = []

    async def collect() -> None:
        async for event in events.follow():
            seen.append(event)

    task = asyncio.create_task(collect())
    await settle()
    return seen, task


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def messages(events: list[dict[str, Any]]) -> list[str]:
    return [event["message"] for event in events]


async def test_who_comes_late_is_told_everything() -> None:
    events = StartEvents()
    early, first = await watch(events)
    events.add("a", 10)
    await settle()
    events.add("b", 20)
    events.add("c", 30)
    late, second = await watch(events)
    assert messages(early) == messages(late) == ["a", "b", "c"]
    assert events.latest == "c"
    first.cancel()
    second.cancel()


async def test_the_bar_never_goes_back() -> None:
    events = StartEvents()
    for percent in (0, 60, 10, 40, 80):
        events.add(str(percent), percent)
    seen, task = await watch(events)
    assert [event["progress"] for event in seen] == [0, 60, 60, 60, 80]
    task.cancel()


async def test_of_passing_messages_in_a_row_the_last_is_kept() -> None:
    events = StartEvents()
    early, first = await watch(events)
    events.add("1 %", 1, passing=True)
    await settle()
    events.add("2 %", 2, passing=True)
    await settle()
    events.add("done", 3)
    events.add("number 1", 3, passing=True)
    await settle()
    late, second = await watch(events)
    assert messages(early) == ["1 %", "2 %", "done", "number 1"]
    assert messages(late) == ["2 %", "done", "number 1"]
    first.cancel()
    second.cancel()


async def test_who_watches_already_is_told_the_next_start_too() -> None:
    events = StartEvents()
    events.add("of the start before", 80)
    events.clear()
    assert events.latest == ""
    seen, task = await watch(events)
    events.clear()
    events.add("a", 10)
    await settle()
    assert seen == [{"message": "a", "progress": 10}]
    task.cancel()


async def test_passing_messages_are_escaped() -> None:
    events = StartEvents()
    events.add("<script>", 1, passing=True)
    seen, task = await watch(events)
    assert seen[0]["html_message"] == '<span class="passing">&lt;script&gt;</span>'
    task.cancel()
