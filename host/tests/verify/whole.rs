//! Whole files are taken; `cargo xtask refusals` asks the same of ten thousand.

use musicdl::ffmpeg::Ffmpeg;
use musicdl::verify::{Expected, Verifier};

use crate::shapes;

#[test]
fn no_whole_file_of_any_format_or_layout_is_refused() {
    let path = std::env::var_os("PATH");
    let alone = Verifier::default();
    let helped = Verifier {
        ffmpeg: Ffmpeg::find(None, path.as_deref()),
        fingerprints: true,
    };
    let (mut seen, mut refused) = (0, Vec::new());
    for number in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        for made in shapes::make(dir.path(), number) {
            let wanted = Expected {
                duration_ms: Some(made.ms),
            };
            for (verifier, expected) in [(&alone, Expected::default()), (&helped, wanted)] {
                if let Err(error) = verifier.check(&made.path, &expected) {
                    refused.push(format!("{}: {error}", made.what));
                }
            }
            seen += 1;
        }
    }
    assert!(seen >= 300, "{seen}");
    assert!(refused.is_empty(), "of {seen}:\n{}", refused.join("\n"));
}
