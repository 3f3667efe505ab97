use std::time::Duration;

use super::*;

struct Scene {
    root: TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    fn services(&self, name: &str) -> Arc<dyn HostServices> {
        let context = ServiceContext {
            net: HostNet::new(NetOptions::default(), self.runtime.handle().clone()).unwrap(),
            store_dir: self.root.path().join("plugins"),
            temp_root: self.root.path().join("tmp"),
        };
        context.services(SourceName::parse(name).unwrap(), SourceFacts::default())
    }
}

#[test]
fn a_scratch_directory_is_empty_the_sources_own_and_gone_with_its_services() {
    let scene = Scene::new();
    let (ann, bob) = (scene.services("ann"), scene.services("bob"));
    let dir = ann.temp_dir().unwrap();
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
    assert_ne!(dir, bob.temp_dir().unwrap());
    std::fs::write(dir.join("half.flac"), "x").unwrap();
    assert_eq!(ann.temp_dir().unwrap(), dir, "asked twice, the same");
    drop(ann);
    assert!(!dir.exists());
    assert!(bob.temp_dir().unwrap().exists());
}

#[test]
fn a_scratch_directory_that_cannot_be_made_says_where_and_why() {
    let scene = Scene::new();
    std::fs::write(scene.root.path().join("tmp"), "in the way").unwrap();
    let failed = scene.services("ann").temp_dir().unwrap_err();
    assert_eq!(failed.kind, musicdl_plugin_api::ErrorKind::Internal);
    assert!(failed.message.contains("tmp: "), "{failed}");
}

#[test]
fn two_sources_do_not_see_what_the_other_keeps() {
    let scene = Scene::new();
    scene.services("ann").store_set("k", Some("1")).unwrap();
    assert_eq!(scene.services("bob").store_get("k").unwrap(), None);
    assert_eq!(
        scene.services("ann").store_get("k").unwrap().as_deref(),
        Some("1")
    );
}

#[test]
fn what_a_plugin_keeps_is_cut_from_its_log_also_in_the_next_run() {
    for kept_in_this_run in [true, false] {
        let scene = Scene::new();
        let first = scene.services("ann");
        first
            .store_set("login", Some(r#"{"token":"hunter2hunter2"}"#))
            .unwrap();
        first.store_set("short", Some("hunter3")).unwrap();
        let logging = if kept_in_this_run {
            first
        } else {
            let next = scene.services("ann");
            next.store_get("login").unwrap();
            next
        };
        let line = log::tests::lines(|| {
            logging.log(LogLevel::WARN, "GET /?t=hunter2hunter2&n=hunter3", &[]);
        });
        assert!(line.contains("GET /?t=[secret]&n=hunter3"), "{line}");
    }
}

#[test]
fn the_time_is_the_machines() {
    let now = scene_time();
    let told = Duration::from_millis(Scene::new().services("ann").now_ms());
    assert!(told >= now && told - now < Duration::from_secs(60));
}

fn scene_time() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Duration::from_millis(u64::try_from(since.as_millis()).unwrap())
}
