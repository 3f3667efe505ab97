"""A site of the tests inside yt-dlp: it takes over YouTube's search and videos and asks
https://loop.test what they are, so that a test decides what yt-dlp makes of them."""

from yt_dlp.extractor.common import InfoExtractor, SearchInfoExtractor
from yt_dlp.utils import ExtractorError

BASE = 'https://loop.test'


class LoopSearchIE(SearchInfoExtractor):
    IE_NAME, _SEARCH_KEY = 'loop:search', 'ytsearch'

    def _get_n_results(self, query, n):
        found = self._download_json(f'{BASE}/search', query, query={'q': query})
        if found.get('error'):
            raise ExtractorError(found['error'], expected=True)
        entries = [
            entry and self.url_result(
                f'https://www.youtube.com/watch?v={entry.get("id")}', LoopVideoIE,
                entry.pop('id', None), **entry)
            for entry in found['entries']]
        return self.playlist_result(entries, query, query)


class LoopVideoIE(InfoExtractor):
    IE_NAME = 'loop:video'
    _VALID_URL = r'https?://www\.youtube\.com/watch\?v=(?P<id>[\w-]{11})'

    def _real_extract(self, url):
        video_id = self._match_id(url)
        video = self._download_json(f'{BASE}/video/{video_id}', video_id)
        for number in range(video.pop('warnings', 0)):
            self.report_warning(f'{number} ' + 'la ' * 30)
        if video.get('error'):
            raise ExtractorError(video['error'], expected=True)
        return video
