"""A whole Soulseek network on the loopback device: a server, two sharing peers of different
make (Nicotine+ and aioslsk), and slskd's HTTP face on a third client. Prints the address of
that face once both peers can be found, and ends with its standard input.

Usage: network.py MUSIC WORK VERSION; MUSIC has a directory for each peer."""

import asyncio
import os
import signal
import socket
import subprocess
import sys

from aiohttp import web
from aioslsk.client import SoulSeekClient
from aioslsk.settings import (
    CredentialsSettings,
    ListeningSettings,
    NetworkSettings,
    ServerSettings,
    Settings,
    SharedDirectorySettingEntry,
    SharesSettings,
    UpnpSettings,
)

from gateway import Gateway
from soulseek_server import Server

NICOTINE = "peer one"
AIOSLSK = "zoë 50%/x"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def client(name, server, download, shared=None):
    entries = [SharedDirectorySettingEntry(path=shared)] if shared else []
    settings = Settings(
        credentials=CredentialsSettings(username=name, password="pw"),
        network=NetworkSettings(
            server=ServerSettings(hostname="127.0.0.1", port=server),
            listening=ListeningSettings(port=free_port(), obfuscated_port=0),
            upnp=UpnpSettings(enabled=False),
        ),
        shares=SharesSettings(scan_on_start=False, download=download, directories=entries),
    )
    connected = SoulSeekClient(settings)
    await connected.start()
    await connected.login()
    if shared:
        await connected.shares.scan()
    return connected


def nicotine(server, work, shared):
    """Headless, in a process of its own."""
    home = os.path.join(work, "nicotine")
    os.makedirs(home)
    config = os.path.join(home, "config")
    port = free_port()
    with open(config, "w", encoding="utf-8") as file:
        file.write(
            f"[server]\nserver = ('127.0.0.1', {server})\nlogin = {NICOTINE}\npassw = pw\n"
            f"portrange = ({port}, {port})\nupnp = False\nauto_connect_startup = True\n"
            f"[transfers]\nshared = [('Music', {shared!r})]\nrescanonstartup = True\n"
        )
    program = os.path.join(os.path.dirname(sys.executable), "nicotine")
    arguments = ["-n", "-c", config, "-u", home, "-b", "127.0.0.1"]
    return subprocess.Popen(
        [sys.executable, program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=open(os.path.join(work, "nicotine.log"), "wb"),
        stderr=subprocess.STDOUT,
        env={"HOME": home, "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
    )


async def until_found(ours, words, name):
    """A peer that scans its files is online before it can answer."""
    for _ in range(100):
        search = await ours.searches.search(words)
        for _ in range(10):
            await asyncio.sleep(0.05)
            if any(result.username == name for result in search.results):
                return
    raise RuntimeError(f"{name} does not answer to `{words}`")


async def main(music, work, version):
    server = Server()
    port = await server.start()
    incomplete, downloads = (os.path.join(work, name) for name in ("incomplete", "downloads"))
    for directory in (incomplete, downloads):
        os.makedirs(directory)
    process = nicotine(port, work, os.path.join(music, "one"))
    try:
        sharing = await client(AIOSLSK, port, incomplete, os.path.join(music, "two"))
        ours = await client("musicdl", port, incomplete)
        await until_found(ours, "example", NICOTINE)
        await until_found(ours, "example", AIOSLSK)
        runner = web.AppRunner(Gateway(ours, server, downloads, version).app())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print("http://127.0.0.1:%d" % site._server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await runner.cleanup()
        await ours.stop()
        await sharing.stop()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
