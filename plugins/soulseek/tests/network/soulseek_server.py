"""A Soulseek server for one machine: who is there, under which port, and who searches for
what. Everything between peers is theirs. The messages are those of aioslsk."""

import asyncio
import hashlib
import struct

from aioslsk.protocol.messages import (
    AddUser,
    ConnectToPeer,
    FileSearch,
    GetPeerAddress,
    GetUserStats,
    GetUserStatus,
    Login,
    ParentMinSpeed,
    ParentSpeedRatio,
    PrivilegedUsers,
    RoomList,
    ServerMessage,
    WishlistInterval,
)
from aioslsk.protocol.primitives import UserStats

ONLINE = 2


class Server:
    def __init__(self):
        # Name of a user -> writer of its connection and the port it listens on.
        self.users = {}

    async def start(self):
        """Listens on a free port of the loopback device, which is the answer."""
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return listener.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        name = None
        try:
            while True:
                head = await reader.readexactly(4)
                body = await reader.readexactly(struct.unpack("<I", head)[0])
                try:
                    message = ServerMessage.deserialize_request(head + body)
                except Exception:
                    continue  # One of the many that a small network does without.
                if isinstance(message, Login.Request):
                    name = message.username
                    self.users[name] = {"writer": writer, "port": 0}
                    await self._welcome(writer, message)
                else:
                    await self._answer(name, writer, message)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.users.pop(name, None)
            writer.close()

    async def _welcome(self, writer, message):
        digest = hashlib.md5(message.password.encode()).hexdigest()
        for answer in (
            Login.Response(True, greeting="", ip="127.0.0.1", md5hash=digest, privileged=False),
            RoomList.Response([], [], [], [], [], [], []),
            ParentMinSpeed.Response(1),
            ParentSpeedRatio.Response(50),
            WishlistInterval.Response(720),
            PrivilegedUsers.Response([]),
        ):
            await send(writer, answer)

    async def _answer(self, name, writer, message):
        kind = type(message).__qualname__.split(".")[0]
        asked = self.users.get(getattr(message, "username", None))
        stats = UserStats(1000, 1, 1, 1)
        if kind == "SetListenPort":
            self.users[name]["port"] = message.port
        elif kind == "GetPeerAddress":
            host, port = ("127.0.0.1", asked["port"]) if asked else ("0.0.0.0", 0)
            await send(writer, GetPeerAddress.Response(message.username, host, port, 0, 0))
        elif kind == "AddUser":
            known = (ONLINE, stats, "DE") if asked else (None, None, None)
            await send(writer, AddUser.Response(message.username, bool(asked), *known))
        elif kind == "GetUserStatus":
            status = ONLINE if asked else 0
            await send(writer, GetUserStatus.Response(message.username, status, False))
        elif kind == "GetUserStats":
            await send(writer, GetUserStats.Response(message.username, stats))
        elif kind == "FileSearch":
            for other, user in list(self.users.items()):
                if other != name:
                    search = FileSearch.Response(name, message.ticket, message.query)
                    await send(user["writer"], search)
        elif kind == "ConnectToPeer" and asked:
            port = self.users[name]["port"]
            relayed = ConnectToPeer.Response(
                name, message.typ, "127.0.0.1", port, message.ticket, False, 0, 0
            )
            await send(asked["writer"], relayed)


async def send(writer, message):
    writer.write(message.serialize())
    await writer.drain()
