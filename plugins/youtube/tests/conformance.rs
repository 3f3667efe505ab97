//! The contract, as every source has to keep it, with the real yt-dlp on a YouTube of
//! this machine.

mod site;

use musicdl_plugin_api::testing::Subject;
use musicdl_youtube::YoutubeSource;

fn subject() -> Subject {
    let internet = site::youtube();
    let mut subject = Subject::new(
        site::settings(&internet, &[]),
        "Bluebird",
        "Nobody ever sang this",
    );
    subject.keep = Box::new(internet);
    subject
}

musicdl_plugin_api::conformance!(YoutubeSource, subject);
