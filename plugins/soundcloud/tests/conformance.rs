//! The contract, as every source has to keep it, with the real yt-dlp on a SoundCloud of
//! this machine.

mod site;

use musicdl_plugin_api::testing::Subject;
use musicdl_soundcloud::SoundcloudSource;

fn subject() -> Subject {
    let internet = site::soundcloud();
    let mut subject = Subject::new(
        site::settings(&internet),
        "Ann Example Bluebird",
        "Nobody ever sang this",
    );
    subject.keep = Box::new(internet);
    subject
}

musicdl_plugin_api::conformance!(SoundcloudSource, subject);
