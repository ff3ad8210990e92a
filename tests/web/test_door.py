"""The door over real TCP: who says nothing is put out, who is being answered is not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.web.door import Door


class Inside(asyncio.Protocol):
    """Answers each line with itself."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        self.lost = True


class House:
    def __init__(self) -> None:
        self.made: list[Inside] = []
        self.door = Door(self._make, connections_max=2, idle_seconds=0.5)
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    def _make(self) -> Inside:
        self.made.append(Inside())
        return self.made[-1]

    async def come(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        writer.write(b"hello\n")
        return reader, writer


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    server = await asyncio.get_running_loop().create_server(made.door, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    for writer in made.writers:
        writer.close()
    server.close()


async def left(reader: asyncio.StreamReader) -> bytes | None:
    """Read to the end; None if the connection was broken off."""
    try:
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionError:
        return None


async def test_whoever_says_nothing_more_is_put_out(house: House) -> None:
    reader, _ = await house.come()
    assert await reader.readline() == b"hello\n"

    assert await left(reader) in {None, b""}
    assert house.made[0].lost


async def test_whoever_is_being_answered_stays_and_has_the_time_anew_afterwards(house: House) -> None:
    reader, writer = await house.come()
    await reader.readline()
    with house.door.served(house.made[0].transport):
        await asyncio.sleep(1.5)
        writer.write(b"still\n")
        assert await reader.readline() == b"still\n"
    assert await left(reader) in {None, b""}


async def test_with_too_many_the_longest_idle_goes_and_nobody_who_is_being_answered(house: House) -> None:
    first, _ = await house.come()
    await first.readline()
    with house.door.served(house.made[0].transport):
        second, _ = await house.come()
        await second.readline()
        third, _ = await house.come()
        assert await third.readline() == b"hello\n"
        assert await left(second) in {None, b""}
        with house.door.served(house.made[2].transport):
            fourth, _ = await house.come()
            assert await left(fourth) in {None, b""}, "there is no place for it"
            assert [one.lost for one in house.made] == [False, True, False, False]
            assert house.made[3].transport is None, "it never came in"
