use super::*;
#[test]
fn explore() {
    for yaml in [
        "",
        "# only\n---\n",
        "playlists: [",
        "songs:\n\t- a\n",
        "jobs: 1\njobs: 2\n",
        "songs: []\nsongs: []\n",
        "a: *b\n",
        "--- \nsongs: []\n---\nsongs: []\n",
        "- a\n",
        "just text",
        "layout: {a}/{b}\n",
        "library:\n  layout:\n    album: {albumartist}/{title}\n    single: {x}\n",
        "songs:\n  - 'abc\n",
        "songs:\n  - \"a\\q\"\n",
        "playlist: x\ndownlaod:\n  jobs: 4\n",
        "download:\n  jbos: 4\n  jobs: many\n  retries: [1, 2]\n  overwrite: replace\n  max_wait: 60\nmatching: 3\n",
        "songs: abc\n",
        "playlists:\n  - roadtrip\n  - [a]\n  -\n",
        "playlists:\n  name: x\n  url: https://a.b/c\n",
        "albums:\n  - Ann - Part 2: Dawn\n  - {name: x}\n  - {url: ./x.csv}\n  - {file: 'https://x.y/'}\n  - {url: https://a.b, file: ./x.csv}\n  - {url: https://a.b, craete_m3u: true, layout: foo, create_m3u: maybe}\n",
        "songs:\n - ftp://x/y\n - https://\n",
        "sources:\n  - subsonic:\n    url: http://x\n    password: hunter2\n",
        "sources:\n  - subsonic: {password: hunter2, password: hunter2}\n",
        "sources:\n  - subsonic:\n      password: \"hunter2\n",
        "sources: {folder: {}}\n",
        "sources:\n  - Folder\n  - folder\n  - folder\n  - folder: x\n",
        "sources:\n  - folder:\n      enabled: maybe\n      concurrency: 99\n",
        "version: [1]\nlibrary:\n  path: ~bob/x\n",
        "\u{feff}songs:\r\n  - a\r\nfoo: 1\r\n",
        "songs: [a]\nx: \u{1}\n",
        "songs: !!int hello\n",
        "songs:\n  - !secret a\n",
        "? [a]\n: b\n",
        "1: 2\n~: 3\n",
        "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
    ] {
        let scene = Scene::with_config(yaml);
        match load(&scene.inputs) {
            Ok(c) => println!("=====\n{yaml}\n--> OK {c:?}"),
            Err(e) => println!("=====\n{yaml}\n--> {}", scene.shown(&e)),
        }
    }
    let deep = format!("songs: {}", "[".repeat(100));
    println!("{}", Scene::with_config(deep).refusal());
    let deep = (0..100)
        .map(|i| format!("{}-\n", "  ".repeat(i)))
        .collect::<String>();
    println!(
        "{}",
        Scene::with_config(format!("songs:\n{deep}")).refusal()
    );
    println!("{}", Scene::with_config(b"songs: [\xff]\n").refusal());
    println!("{}", Scene::bare().refusal());
    let c = Scene::with_library(
        "version: 1.10\nsongs:\n  - 007\n  - no\n  - True\n  - 1e5\n  - \"99\"\n  - 0x10\n  - .nan\n  - &x 1.50\n  - *x\n  - !!str 5\n  - !!int 6\n  - |\n    two\n    lines\n1999: 3\n",
    );
    println!("{}", c.refusal());
    let c = Scene::with_library("version: 1.10\nsongs:\n  - 007\n  - no\n  - True\n  - 1e5\n  - \"99\"\n  - 0x10\n  - .nan\n  - &x 1.50\n  - *x\n  - !!str 5\n  - !!int 6\n  - |\n    two\n    lines\nalbums:\n  1999: ./x.csv\n  'q': ./y.csv\n").load();
    println!("{c:#?}");
}
