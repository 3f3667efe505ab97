//! The contract, as every source has to keep it, on a Lidarr that finds and downloads
//! everything.

mod support;

use musicdl_lidarr::LidarrSource;
use musicdl_plugin_api::testing::Subject;

use crate::support::Lidarr;

fn subject() -> Subject {
    let lidarr = Lidarr::new();
    let mut subject = Subject::new(lidarr.settings(&[]), "First Album", "Nobody ever sang this");
    subject.keep = Box::new(lidarr);
    subject
}

musicdl_plugin_api::conformance!(LidarrSource, subject);
