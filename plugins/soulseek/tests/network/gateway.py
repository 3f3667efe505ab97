"""The HTTP face of slskd on a real Soulseek client (aioslsk), as far as the plugin uses it
and with what a naive client trips over: responses only once a search has ended, success
before the file is at its place, nulls left out, errors as bare texts."""

import asyncio
import json
import os
import shutil
import uuid
from datetime import datetime, timezone
from urllib.parse import unquote

from aiohttp import web
from aioslsk.protocol.primitives import AttributeKey
from aioslsk.transfer.model import TransferDirection
from aioslsk.transfer.state import TransferState

KEY = "a key of sixteen letters or more"
ATTRIBUTES = {
    AttributeKey.BITRATE.value: "bitRate",
    AttributeKey.DURATION.value: "length",
    AttributeKey.SAMPLE_RATE.value: "sampleRate",
    AttributeKey.BIT_DEPTH.value: "bitDepth",
}
STATES = {
    TransferState.INITIALIZING: "Initializing",
    TransferState.INCOMPLETE: "Queued, Locally",
    TransferState.DOWNLOADING: "InProgress",
    TransferState.COMPLETE: "Completed, Succeeded",
    TransferState.FAILED: "Completed, Rejected",
    TransferState.ABORTED: "Completed, Cancelled",
}
# slskd moves a file after it called it done.
MOVED_AFTER = 0.4


def now():
    return datetime.now(timezone.utc)


def refusal(status, text=None):
    return web.json_response(text, status=status) if text else web.Response(status=status)


class Gateway:
    def __init__(self, client, server, downloads, version):
        self.client, self.server, self.downloads = client, server, downloads
        self.version = version
        self.minor = int(version.split(".")[1])
        self.searches, self.transfers, self.batches, self.events = {}, {}, {}, []
        self.creating = False

    def app(self):
        app = web.Application(middlewares=[self.guard])
        api = "/api/v0"
        app.add_routes(
            [
                web.get(f"{api}/server", self.state),
                web.get(f"{api}/application", self.application),
                web.get(f"{api}/application/version", self.get_version),
                web.get(f"{api}/options", self.options),
                web.post(f"{api}/searches", self.begin_search),
                web.get(f"{api}/searches", self.all_searches),
                web.get(f"{api}/searches/{{id}}", self.search),
                web.put(f"{api}/searches/{{id}}", self.stop_search),
                web.delete(f"{api}/searches/{{id}}", self.delete_search),
                web.get(f"{api}/searches/{{id}}/responses", self.responses),
                web.post(f"{api}/transfers/downloads/batches", self.enqueue_batch),
                web.get(f"{api}/transfers/downloads/batches/{{id}}", self.batch),
                web.get(f"{api}/transfers/downloads/", self.all_downloads),
                web.post(f"{api}/transfers/downloads/{{user}}", self.enqueue),
                web.get(f"{api}/transfers/downloads/{{user}}", self.downloads_of),
                web.get(f"{api}/transfers/downloads/{{user}}/{{id}}", self.transfer),
                web.delete(f"{api}/transfers/downloads/{{user}}/{{id}}", self.end),
                web.get(f"{api}/transfers/downloads/{{user}}/{{id}}/position", self.position),
                web.get(f"{api}/events", self.get_events),
            ]
        )
        return app

    @web.middleware
    async def guard(self, request, handler):
        if not request.path.startswith("/api/"):
            return web.Response(text="<html>slskd</html>", content_type="text/html")
        if request.headers.get("X-API-Key") != KEY:
            return refusal(401)
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return refusal(404)

    # ---- how it is

    async def state(self, _):
        return web.json_response(
            {
                "address": "vps.slsknet.org:2271",
                "state": "Connected, LoggedIn",
                "isConnected": True,
                "isLoggedIn": True,
                "isTransitioning": False,
            }
        )

    async def application(self, _):
        return web.json_response(
            {
                "version": {"current": self.version, "full": self.version},
                "connectionWatchdog": {"isEnabled": True, "isAttemptingConnection": False},
                "shares": {"files": 1},
                "user": {"username": "musicdl"},
            }
        )

    async def get_version(self, _):
        return web.json_response(self.version)

    async def options(self, _):
        options = {"directories": {"downloads": "/app/downloads", "incomplete": "/app/incomplete"}}
        if self.minor >= 26:
            destination = {"subdirectory": "${SOURCE_DIRECTORY}", "exists": "rename"}
            options["transfers"] = {"download": {"destination": destination}}
        return web.json_response(options)

    # ---- searches

    async def begin_search(self, request):
        wanted = await request.json()
        if self.creating and self.minor >= 24:
            return refusal(429, "Only one concurrent operation is permitted. Wait until it ends.")
        words = [word for word in wanted["searchText"].split() if len(word) > 1]
        if not words:
            return refusal(400, "The search text must contain at least one term")
        self.creating = True
        try:
            id = wanted.get("id") or str(uuid.uuid4())
            asked = await self.client.searches.search(" ".join(words))
            search = {"id": id, "text": wanted["searchText"], "asked": asked, "began": now()}
            self.searches[id] = search
            silence = wanted.get("searchTimeout", 15000) / 1000
            search["task"] = asyncio.create_task(
                self.finish_search(search, silence, wanted.get("responseLimit", 250))
            )
        finally:
            self.creating = False
        return web.json_response(self.search_record(search))

    async def finish_search(self, search, silence, limit):
        clock = asyncio.get_running_loop().time
        answers, last = 0, clock()
        while not search.get("stopped") and clock() - last < silence and answers < limit:
            await asyncio.sleep(0.02)
            if len(search["asked"].results) != answers:
                answers, last = len(search["asked"].results), clock()
        search["over"] = "ResponseLimitReached" if answers >= limit else "TimedOut"
        await asyncio.sleep(0.2)
        search["responses"] = [response(result) for result in search["asked"].results]
        search["ended"] = now()

    def search_record(self, search):
        results = search["asked"].results
        record = {
            "id": search["id"],
            "searchText": search["text"],
            "token": search["asked"].ticket,
            "state": f"Completed, {search['over']}" if "over" in search else "InProgress",
            "isComplete": "over" in search,
            "startedAt": search["began"].isoformat().replace("+00:00", "Z"),
            "responseCount": len(results),
            "fileCount": sum(len(result.shared_items) for result in results),
            "lockedFileCount": sum(len(result.locked_results) for result in results),
            "responses": [],
        }
        if "ended" in search:
            record["endedAt"] = search["ended"].isoformat().replace("+00:00", "Z")
        return record

    def searched(self, request):
        try:
            return self.searches[request.match_info["id"]]
        except KeyError:
            raise web.HTTPNotFound from None

    async def all_searches(self, _):
        return web.json_response([self.search_record(one) for one in self.searches.values()])

    async def search(self, request):
        search = self.searched(request)
        record = self.search_record(search)
        if request.query.get("includeResponses", "").lower() == "true":
            record["responses"] = search.get("responses", [])
        return web.json_response(record)

    async def responses(self, request):
        return web.json_response(self.searched(request).get("responses", []))

    async def stop_search(self, request):
        self.searched(request)["stopped"] = True
        return web.Response(status=200)

    async def delete_search(self, request):
        self.searched(request)["task"].cancel()
        del self.searches[request.match_info["id"]]
        return web.Response(status=204)

    # ---- downloads

    async def add(self, user, file, batch=None):
        """The record of a new download, or None while the same file is fetched."""
        for entry in self.transfers.values():
            same = (entry["user"], entry["filename"]) == (user, file["filename"])
            if same and not entry["record"]["state"].startswith("Completed"):
                return None
        known = self.client.transfers.find_transfer(
            user, file["filename"], TransferDirection.DOWNLOAD
        )
        if known:
            await self.client.transfers.remove(known)
        id = str(uuid.uuid4())
        entry = {
            "id": id,
            "user": user,
            "filename": file["filename"],
            "size": file["size"],
            "batch": batch,
            # As its database gives it back: UTC without a zone.
            "requested": now().replace(tzinfo=None).isoformat(),
            "removed": False,
            "record": {"state": "Requested"},
        }
        self.transfers[id] = entry
        entry["transfer"] = await self.client.transfers.download(user, file["filename"])
        entry["task"] = asyncio.create_task(self.follow(entry))
        self.refresh(entry)
        return entry["record"]

    async def follow(self, entry):
        while not entry["record"]["state"].startswith("Completed"):
            await asyncio.sleep(0.02)
            self.refresh(entry)
        if entry["record"]["state"] != "Completed, Succeeded":
            return
        await asyncio.sleep(MOVED_AFTER)
        parts = entry["filename"].replace("/", "\\").split("\\")
        destination = (self.batches.get(entry["batch"]) or {}).get("destination")
        below = destination or (parts[-2] if len(parts) > 1 else "")
        directory = os.path.join(self.downloads, below)
        os.makedirs(directory, exist_ok=True)
        name = parts[-1]
        if os.path.exists(os.path.join(directory, name)):
            stem, extension = os.path.splitext(name)
            ticks = 621355968000000000 + int(now().timestamp() * 10_000_000)
            name = f"{stem}_{ticks}{extension}"
        shutil.move(entry["transfer"].local_path, os.path.join(directory, name))
        local = "/".join(part for part in ("/app/downloads", below, name) if part)
        data = {
            "version": 0,
            "localFilename": local,
            "remoteFilename": entry["filename"],
            "transfer": entry["record"],
        }
        event = {
            "id": str(uuid.uuid4()),
            "timestamp": now().isoformat(),
            "type": "DownloadFileComplete",
            "data": json.dumps(data),
        }
        self.events.insert(0, event)

    def refresh(self, entry):
        transfer = entry["transfer"]
        state = STATES.get(transfer.state.VALUE)
        if state is None:
            state = "Queued, Remotely" if transfer.remotely_queued else "Queued, Locally"
        done = transfer.bytes_transfered
        record = {
            "id": entry["id"],
            "username": entry["user"],
            "direction": "Download",
            "filename": entry["filename"],
            "size": entry["size"],
            "state": state,
            "requestedAt": entry["requested"],
            "bytesTransferred": done,
            "averageSpeed": 0.0,
            "bytesRemaining": max(entry["size"] - done, 0),
            "percentComplete": 100.0 * done / entry["size"] if entry["size"] else 0.0,
        }
        if self.minor >= 26:
            record["attempts"] = 1
            record["removed"] = entry["removed"]
        if entry["batch"]:
            record["batchId"] = entry["batch"]
        if transfer.fail_reason:
            record["exception"] = f"Transfer rejected: {transfer.fail_reason}"
        entry["record"] = record

    def is_online(self, user):
        return user in self.server.users

    async def enqueue(self, request):
        user = unquote(request.match_info["user"])
        wanted = await request.json()
        if not wanted:
            return refusal(400, "At least one file is required")
        if not self.is_online(user):
            return refusal(500, f"User {user} appears to be offline")
        enqueued, failed = [], []
        for file in wanted:
            record = await self.add(user, file)
            (enqueued if record else failed).append(record or file["filename"])
        if self.minor < 24:
            return web.Response(status=201)
        failed = [{} for _ in failed] if self.minor >= 26 else failed
        return web.json_response({"enqueued": enqueued, "failed": failed}, status=201)

    async def enqueue_batch(self, request):
        if self.minor < 26:
            return refusal(404)
        wanted = await request.json()
        id, user = wanted["id"], wanted["username"]
        if id in self.batches:
            return refusal(409, f"A batch with ID {id} already exists")
        if not self.is_online(user):
            return refusal(404, f"User {user} appears to be offline")
        self.batches[id] = wanted.get("options") or {}
        transfers, failures = [], []
        for file in wanted["files"]:
            record = await self.add(user, file, id)
            if record:
                transfers.append(record)
            else:
                message = "A download of this file is already in progress"
                failures.append({"filename": file["filename"], "message": message})
        status = 201 if not failures else (207 if transfers else 200)
        return web.json_response(
            {"batch": self.batch_record(id, user), "failures": failures}, status=status
        )

    def batch_record(self, id, user):
        records = [one["record"] for one in self.transfers.values() if one["batch"] == id]
        return {"id": id, "username": user, "transfers": records, "options": self.batches[id]}

    async def batch(self, request):
        id = request.match_info["id"]
        if id not in self.batches:
            return refusal(404)
        return web.json_response(self.batch_record(id, ""))

    def listed(self, entries):
        by_user = {}
        for entry in entries:
            by_user.setdefault(entry["user"], []).append(entry["record"])
        return [
            {
                "username": user,
                "directories": [{"directory": "", "fileCount": len(files), "files": files}],
            }
            for user, files in by_user.items()
        ]

    async def all_downloads(self, _):
        kept = [entry for entry in self.transfers.values() if not entry["removed"]]
        return web.json_response(self.listed(kept))

    async def downloads_of(self, request):
        user = unquote(request.match_info["user"])
        kept = [e for e in self.transfers.values() if e["user"] == user and not e["removed"]]
        return web.json_response(self.listed(kept)[0]) if kept else refusal(404)

    def entry(self, request):
        try:
            return self.transfers[request.match_info["id"]]
        except KeyError:
            raise web.HTTPNotFound from None

    async def transfer(self, request):
        return web.json_response(self.entry(request)["record"])

    async def position(self, request):
        entry = self.entry(request)
        place = await self.client.transfers.request_place_in_queue(entry["transfer"])
        return web.json_response(place) if place is not None else refusal(404)

    async def end(self, request):
        entry = self.transfers.get(request.match_info["id"])
        remove = request.query.get("remove", "").lower() == "true"
        if entry is None:
            return refusal(404 if self.minor < 24 else 204)
        over = entry["record"]["state"].startswith("Completed")
        if remove and not over and self.minor < 24:
            return refusal(500, "Invalid attempt to remove a download before it is complete")
        if over:
            entry["removed"] = entry["removed"] or remove
        else:
            asyncio.create_task(self.client.transfers.abort(entry["transfer"]))
        return web.Response(status=204)

    async def get_events(self, request):
        offset, limit = (int(request.query.get(key, n)) for key, n in (("offset", 0), ("limit", 100)))
        total = {"X-Total-Count": str(len(self.events))}
        return web.json_response(self.events[offset : offset + limit], headers=total)


def response(result):
    return {
        "username": result.username,
        "token": result.ticket,
        "hasFreeUploadSlot": result.has_free_slots,
        "uploadSpeed": result.avg_speed,
        "queueLength": result.queue_size,
        "fileCount": len(result.shared_items),
        "lockedFileCount": len(result.locked_results),
        "files": [file(item) for item in result.shared_items],
        "lockedFiles": [file(item) for item in result.locked_results],
    }


def file(item):
    record = {
        "filename": item.filename,
        "size": item.filesize,
        "code": item.unknown,
        "extension": item.extension,
        "isLocked": False,
    }
    for attribute in item.attributes:
        if attribute.key in ATTRIBUTES:
            record[ATTRIBUTES[attribute.key]] = attribute.value
    return record
