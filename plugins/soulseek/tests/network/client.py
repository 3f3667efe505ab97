"""Drives an address by slskd-api, a client that knows nothing of ours: search, read, fetch,
list, remove. Prints what it found as JSON.

Usage: client.py URL KEY WORDS"""

import json
import sys
import time

import slskd_api


def until(what, ready):
    for _ in range(400):
        value = what()
        if ready(value):
            return value
        time.sleep(0.05)
    raise RuntimeError(f"still {value}")


def main(url, key, words):
    slskd = slskd_api.SlskdClient(url, api_key=key, timeout=10)
    assert slskd.server.state()["isLoggedIn"]
    version = slskd.application.version()
    options = slskd.options.get()
    search = slskd.searches.search_text(words, searchTimeout=5000)
    until(lambda: slskd.searches.state(search["id"]), lambda state: "endedAt" in state)
    responses = slskd.searches.search_responses(search["id"])
    peer = sorted(responses, key=lambda response: response["username"])[0]
    assert slskd.transfers.enqueue(peer["username"], [peer["files"][0]])
    listed = slskd.transfers.get_downloads(peer["username"])
    transfer = listed["directories"][0]["files"][0]
    get = lambda: slskd.transfers.get_download(peer["username"], transfer["id"])
    done = until(get, lambda transfer: transfer["state"].startswith("Completed"))
    event = until(slskd.events.get, lambda events: events)[0]
    assert slskd.transfers.cancel_download(peer["username"], transfer["id"], remove=True)
    assert slskd.searches.delete(search["id"])
    found = {
        "version": version,
        "downloads": options["directories"]["downloads"],
        "peers": sorted(response["username"] for response in responses),
        "size": peer["files"][0]["size"],
        "state": done["state"],
        "bytes": done["bytesTransferred"],
        "local": json.loads(event["data"])["localFilename"],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
