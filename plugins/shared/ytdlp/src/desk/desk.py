"""What musicdl says to yt-dlp, and yt-dlp to musicdl: one process that serves many calls.

Loaded by yt-dlp itself as a plugin, whatever way yt-dlp is installed, and begun by the
address `musicdl:desk`. Starting yt-dlp costs more than a search; here it is started once.

A line of JSON comes in for each call, lines of JSON go out: `progress` and `state` while a
download runs, then `done` or `failed`. When the other end goes away, for whatever reason,
this process and all it started die at once.
"""

import json
import os
import queue
import signal
import sys
import threading
import time

from yt_dlp.extractor.common import InfoExtractor
from yt_dlp.postprocessor import FFmpegExtractAudioPP
from yt_dlp.utils import PostProcessingError

try:
    from yt_dlp.extractor.youtube import YoutubeMusicSearchURLIE
except ImportError:
    YoutubeMusicSearchURLIE = None
try:
    from yt_dlp.extractor.soundcloud import SoundcloudSearchIE
except ImportError:
    SoundcloudSearchIE = None

# Only these travel: a whole description of a video may be megabytes long.
HIT_KEYS = (
    'id', 'url', 'webpage_url', 'title', 'channel', 'uploader', 'artists', 'track', 'album',
    'duration', 'view_count', 'live_status', 'availability', 'release_year',
    'channel_is_verified', 'musicdl')
FILE_KEYS = (
    'filepath', 'acodec', 'abr', 'asr', 'ext', 'format_id', 'filesize')
VIDEO_KEYS = ('id', 'title', 'track', 'artists', 'album', 'duration', 'live_status')
# Seconds between two words on how a download stands.
PROGRESS_SPACING = 0.25


class MusicdlDeskIE(InfoExtractor):
    IE_NAME = 'musicdl:desk'
    _VALID_URL = r'musicdl:desk$'

    def _real_extract(self, url):
        Desk(self._downloader).serve()


class Desk:
    def __init__(self, ydl):
        self.ydl = ydl
        # Whatever else prints to stdout must not come between the lines of JSON.
        self.out = os.fdopen(os.dup(1), 'w', encoding='utf-8')
        os.dup2(2, 1)
        self.told = 0
        self.usual = ydl.format_selector
        ydl.add_post_processor(KeepAudioPP(ydl))
        ydl.add_progress_hook(self.on_progress)
        ydl.add_postprocessor_hook(self.on_state)

    def say(self, kind, what):
        self.out.write(json.dumps({kind: what}, default=str) + '\n')
        self.out.flush()

    def serve(self):
        calls = queue.Queue()
        threading.Thread(target=listen, args=(calls,), daemon=True).start()
        self.say('ready', {'version': version_of_ytdlp()})
        while True:
            call = calls.get()
            try:
                answer = getattr(self, 'do_' + call['do'])(call)
            except Exception as error:
                self.say('failed', str(error) or type(error).__name__)
            else:
                self.say('done', answer)

    def do_search(self, call):
        self.ydl.params['playlist_items'] = f'1:{call["most"]}'
        found = self.ydl.extract_info(call['address'], download=False)
        entries = (found or {}).get('entries') or []
        return {'hits': [picked(entry, HIT_KEYS) for entry in entries if entry]}

    def do_download(self, call):
        self.told = 0
        self.ydl.params['playlist_items'] = '1'
        self.ydl.params['paths'] = {'home': call['into']}
        formats = call['format']
        self.ydl.format_selector = (
            self.ydl.build_format_selector(formats) if formats else self.usual)
        info = self.ydl.extract_info(call['address'], download=True) or {}
        files = [picked(file, FILE_KEYS) for file in info.get('requested_downloads') or []]
        return {'video': picked(info, VIDEO_KEYS), 'files': files}

    def do_tools(self, call):
        # A file of cookies that is none shows when it is first used.
        self.ydl.cookiejar  # noqa: B018
        return tools(self.ydl)

    def on_progress(self, progress):
        now = time.monotonic()
        if now - self.told < PROGRESS_SPACING and progress.get('status') == 'downloading':
            return
        self.told = now
        total = progress.get('total_bytes') or progress.get('total_bytes_estimate')
        self.say('progress', {
            'done': whole(progress.get('downloaded_bytes')), 'total': whole(total)})

    def on_state(self, state):
        if state.get('status') == 'started' and state.get('postprocessor') != 'MoveFiles':
            self.say('state', 'converting')


class KeepAudioPP(FFmpegExtractAudioPP):
    """Takes audio out of a container that cannot be tagged, without encoding it again.

    As `--extract-audio --audio-format best` does, but where the site said which codec it is,
    ffprobe is not asked: starting it costs as much as all the rest of a small download.
    """

    def __init__(self, ydl):
        super().__init__(ydl, preferredcodec='best')
        self.said = None

    def run(self, info):
        self.said = info.get('acodec') if info.get('vcodec') == 'none' else None
        return super().run(info)

    def get_audio_codec(self, path):
        if not self.get_versions(self._downloader).get('ffmpeg'):
            raise PostProcessingError('ffmpeg not found')
        return self.said if self.said == 'opus' else super().get_audio_codec(path)


def listen(calls):
    """Passes calls on. At the end of input nobody is there any more to serve."""
    for line in sys.stdin.buffer:
        calls.put(json.loads(line))
    if hasattr(os, 'killpg') and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def whole(number):
    return None if number is None else int(number)


def picked(info, keys):
    return {key: info[key] for key in keys if info.get(key) is not None}


def version_of_ytdlp():
    from yt_dlp.version import __version__
    return __version__


def tools(ydl):
    """What yt-dlp finds beside itself, and what it thinks of it."""
    from yt_dlp.postprocessor import FFmpegPostProcessor
    programs = FFmpegPostProcessor.get_versions(ydl)
    runtimes = []
    for name, runtime in getattr(ydl, '_js_runtimes', {}).items():
        info = runtime and runtime.info
        runtimes.append({
            'name': info.name if info else name,
            'version': info.version if info else None,
            'supported': bool(info and info.supported)})
    try:
        import yt_dlp_ejs
        scripts = yt_dlp_ejs.version
    except ImportError:
        scripts = None
    return {
        'ffmpeg': programs.get('ffmpeg') or None, 'ffprobe': programs.get('ffprobe') or None,
        'js_runtimes': runtimes, 'js_scripts': scripts,
        'python': '.'.join(map(str, sys.version_info[:3]))}


# yt-dlp's own searches read little of what the sites answer. These two keep the rest of it,
# and lose nothing if a later yt-dlp no longer calls the methods they add to.

if YoutubeMusicSearchURLIE:
    class MusicdlMusicSearchIE(YoutubeMusicSearchURLIE):
        IE_NAME = 'musicdl:music'

        def _music_reponsive_list_entry(self, renderer):
            entry = super()._music_reponsive_list_entry(renderer)
            if entry:
                entry['musicdl'] = {'columns': columns_of(renderer), 'badges': badges_of(renderer)}
            return entry


if SoundcloudSearchIE:
    class MusicdlSoundcloudSearchIE(SoundcloudSearchIE):
        IE_NAME = 'musicdl:soundcloud'

        def _extract_info_dict(self, info, *args, **kwargs):
            track = super()._extract_info_dict(info, *args, **kwargs)
            track['musicdl'] = {
                'policy': info.get('policy'), 'full_duration': info.get('full_duration'),
                'publisher': info.get('publisher_metadata')}
            return track


def columns_of(renderer):
    """The columns of a row of YouTube Music: each a list of texts with what they link to."""
    columns = []
    for column in renderer.get('flexColumns') or []:
        text = (column.get('musicResponsiveListItemFlexColumnRenderer') or {}).get('text') or {}
        columns.append([
            {'text': run.get('text') or '', 'page': page_of(run)}
            for run in text.get('runs') or []])
    return columns


def page_of(run):
    page = run
    for key in ('navigationEndpoint', 'browseEndpoint', 'browseEndpointContextSupportedConfigs',
                'browseEndpointContextMusicConfig'):
        page = page.get(key) or {}
    return page.get('pageType')


def badges_of(renderer):
    return [
        ((badge.get('musicInlineBadgeRenderer') or {}).get('icon') or {}).get('iconType')
        for badge in renderer.get('badges') or []]
