"""Walks through everything the plugin asks of Lidarr with the client that is generated from
the vendor's own description, whose models refuse a wrong type and an unknown word. Members
that the description does not know are refused here.

python client.py URL KEY ALBUM
"""

import inspect
import json
import sys
import typing
import urllib.request

import lidarr
from pydantic import BaseModel

url, key, album_id = sys.argv[1:]
configuration = lidarr.Configuration(host=url, api_key={"X-Api-Key": key, "apikey": key})
client = lidarr.ApiClient(configuration)


def raw(method, path, body=None):
    request = urllib.request.Request(
        f"{url}/api/v1/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-Api-Key": key, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return answer.status, json.loads(answer.read() or b"null")


def models(annotation):
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from models(part)


def known(model, data, where):
    """Every member of `data` is one of the model's, all the way down."""
    if isinstance(data, list):
        for item in data:
            known(model, item, where)
    elif isinstance(data, dict):
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        for name, value in data.items():
            assert name in fields, f"{where}: `{name}` is no member of {model.__name__}"
            for inner in models(fields[name].annotation):
                known(inner, value, f"{where}.{name}")


def read(path, model, call):
    """One answer, by the client and as it came."""
    status, data = raw("GET", path)
    assert status == 200, (path, status)
    known(model, data, path)
    answer = call()
    print(path.split("?")[0], model.__name__)
    return answer


status = read("system/status", lidarr.SystemResource, lidarr.SystemApi(client).get_system_status)
assert status.app_name == "Lidarr"
folders = read("rootfolder", lidarr.RootFolderResource, lidarr.RootFolderApi(client).list_root_folder)
quality = read("qualityprofile", lidarr.QualityProfileResource,
               lidarr.QualityProfileApi(client).list_quality_profile)
metadata = read("metadataprofile", lidarr.MetadataProfileResource,
                lidarr.MetadataProfileApi(client).list_metadata_profile)
health = read("health", lidarr.HealthResource, lidarr.HealthApi(client).list_health)
assert health, "there is something to complain of"

# The look-up is described without an answer, so that it is read by the model here.
_, found = raw("GET", f"album/lookup?term=lidarr:{album_id}")
wish = lidarr.AlbumResource.from_dict(found[0])
known(lidarr.AlbumResource, [
    {name: value for name, value in album.items() if value is not None} for album in found
], "lookup")
wish.monitored = True
wish.artist.quality_profile_id = quality[0].id
wish.artist.metadata_profile_id = metadata[0].id
wish.artist.root_folder_path = folders[0].path
wish.artist.add_options = lidarr.AddArtistOptions(monitor="none", albumsToMonitor=[album_id])
albums, artists = lidarr.AlbumApi(client), lidarr.ArtistApi(client)
added = albums.create_album(wish)
assert added.id and added.artist_id
read(f"album?foreignAlbumId={album_id}", lidarr.AlbumResource,
     lambda: albums.list_album(foreign_album_id=album_id))
read(f"artist?mbId={wish.artist.foreign_artist_id}", lidarr.ArtistResource,
     lambda: artists.list_artist(mb_id=wish.artist.foreign_artist_id))

tracks = lidarr.TrackApi(client)
while not tracks.list_track(album_id=added.id):
    pass

# The description's command knows no `albumIds`.
status, command = raw("POST", "command", {"name": "AlbumSearch", "albumIds": [added.id]})
assert status == 201, status
command = lidarr.CommandResource.from_dict(command)
commands = lidarr.CommandApi(client)
while commands.get_command_by_id(command.id).status != lidarr.CommandStatus.COMPLETED:
    pass

queue, states = lidarr.QueueDetailsApi(client), set()
while True:
    _, shown = raw("GET", f"queue/details?albumIds={added.id}")
    known(lidarr.QueueResource, shown, "queue/details")
    items = queue.list_queue_details(album_ids=[added.id])
    states |= {str(item.tracked_download_state) for item in items}
    there = albums.get_album_by_id(added.id).statistics
    if there.track_file_count == there.total_track_count:
        break
assert states, "the download was seen"

events = read(f"history/artist?artistId={added.artist_id}&albumId={added.id}",
              lidarr.HistoryResource,
              lambda: lidarr.HistoryApi(client).list_history_artist(
                  artist_id=added.artist_id, album_id=added.id))
assert events
songs = read(f"track?albumId={added.id}", lidarr.TrackResource,
             lambda: tracks.list_track(album_id=added.id))
files = read(f"trackfile?albumId={added.id}", lidarr.TrackFileResource,
             lambda: lidarr.TrackFileApi(client).list_track_file(album_id=[added.id]))
assert {song.track_file_id for song in songs} == {file.id for file in files}

albums.put_album_monitor(lidarr.AlbumsMonitoredResource(albumIds=[added.id], monitored=False))
assert not albums.get_album_by_id(added.id).monitored
albums.delete_album(added.id, delete_files=False)
artists.delete_artist(added.artist_id, delete_files=False)
print("all of it")
