//! The contract, as every source has to keep it, on a slskd of the newest version.

mod support;

use musicdl_plugin_api::Settings;
use musicdl_plugin_api::testing::Subject;
use musicdl_soulseek::SoulseekSource;

use crate::support::{Fake, KEY, REMOTE, offer, peer};

fn subject() -> Subject {
    let songs = vec![
        offer(r"@@abc\Music\Ann Example\First Album\01 - Bluebird.flac"),
        offer(r"@@abc\Music\Ann Example\First Album\02 - Nightjar.flac"),
    ];
    let slskd = Fake::start("0.26.0", vec![peer("peer one", songs)]);
    let downloads = slskd.downloads();
    let mut subject = Subject::new(
        Settings::from_pairs([
            ("url", [slskd.url()]),
            ("api_key", [KEY.to_owned()]),
            ("path_map", [format!("{REMOTE} => {}", downloads.display())]),
        ]),
        "Bluebird",
        "Nobody ever sang this",
    );
    subject.keep = Box::new(slskd);
    subject
}

musicdl_plugin_api::conformance!(SoulseekSource, subject);
